// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/** A point in the work of a stream, for other streams or the host to wait for. */
final class CudaEvent implements AutoCloseable {
  private final CudaDevice device;
  private final CUevent event = new CUevent();
  private final AtomicBoolean closed = new AtomicBoolean();

  CudaEvent(CudaDevice device, boolean timing) {
    this.device = device;
    device.makeCurrent();
    int flags = timing ? CUevent_flags.CU_EVENT_DEFAULT : CUevent_flags.CU_EVENT_DISABLE_TIMING;
    device.context().check(JCudaDriver.cuEventCreate(event, flags), "cuEventCreate");
  }

  CudaDevice device() {
    return device;
  }

  /** The handle, with the context made current. */
  CUevent open() {
    if (closed.get()) {
      throw new IllegalStateException("the event is closed");
    }
    device.makeCurrent();
    return event;
  }

  /** Waits until the stream has come here. */
  void synchronize() {
    device.context().check(JCudaDriver.cuEventSynchronize(open()), "cuEventSynchronize");
  }

  /** Whether the stream has come here. */
  boolean isDone() {
    int result = JCudaDriver.cuEventQuery(open());
    if (result == CudaResult.NOT_READY) {
      return false;
    }
    device.context().check(result, "cuEventQuery");
    return true;
  }

  /** The time between two timing events, both of which have happened. */
  float millisecondsSince(CudaEvent start) {
    float[] milliseconds = new float[1];
    int result = JCudaDriver.cuEventElapsedTime(milliseconds, start.open(), open());
    device.context().check(result, "cuEventElapsedTime");
    return milliseconds[0];
  }

  /** Closing twice has no effect. */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    device.forget(this);
    device.context().enterToClose();
    device.context().checkClosing(JCudaDriver.cuEventDestroy(event), "cuEventDestroy");
  }
}
