// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import jcuda.runtime.cudaStream_t;

/**
 * Work on a device in order. Every call but the waiting ones returns at once, so host memory of a
 * copy must not be written (or, if it is the target, read) before the stream has been waited for;
 * until then the stream keeps it reachable. Thread-safe, but closing must be the last call.
 */
final class CudaStream implements AutoCloseable {
  /** Words of the largest kernel argument, 4 KiB on every device. */
  private static final int MAX_ARGUMENT_WORDS = 512;

  private final CudaDevice device;
  private final PrimaryContext context;
  private final Handles.Stream handle = new Handles.Stream();
  private final MemorySegment arguments =
      Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, MAX_ARGUMENT_WORDS);
  private List<MemorySegment> inFlight = new ArrayList<>();
  private boolean closed;

  CudaStream(CudaDevice device) {
    this.device = device;
    this.context = device.context();
    device.makeCurrent();
    context.check(
        JCudaDriver.cuStreamCreate(handle, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "cuStreamCreate");
  }

  CudaDevice device() {
    return device;
  }

  /** The handle, with the context made current. */
  private synchronized Handles.Stream open() {
    if (closed) {
      throw new IllegalStateException("the stream is closed");
    }
    device.makeCurrent();
    return handle;
  }

  /** The CUstream, with the context made current. */
  long handle() {
    return open().value();
  }

  /** The stream for libraries on the CUDA runtime, with the context made current. */
  cudaStream_t runtimeHandle() {
    return new cudaStream_t(open());
  }

  /**
   * Allocates device memory of arbitrary content.
   *
   * @param bytes its size; 0 gives an empty buffer without memory
   * @param owner what it is for, as errors say
   * @throws dev.memtrace.backend.DeviceMemoryException if there is not enough
   */
  DeviceBuffer allocate(long bytes, String owner) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a buffer of " + bytes + " bytes for " + owner);
    }
    Handles.Stream stream = open();
    Handles.DevicePointer address = new Handles.DevicePointer();
    if (bytes > 0) {
      int result = JCudaDriver.cuMemAllocAsync(address, bytes, stream);
      if (result == CudaResult.OUT_OF_MEMORY) {
        throw device.outOfMemory(bytes, owner);
      }
      context.check(result, "cuMemAllocAsync");
    }
    DeviceBuffer buffer = new DeviceBuffer(this, address.address(), bytes, owner);
    device.register(buffer);
    return buffer;
  }

  /** Allocates device memory that is all zeros. */
  DeviceBuffer allocateZeroed(long bytes, String owner) {
    DeviceBuffer buffer = allocate(bytes, owner);
    try {
      fill(buffer, 0, bytes, (byte) 0);
      return buffer;
    } catch (RuntimeException | Error e) {
      buffer.close();
      throw e;
    }
  }

  /** Frees the memory of a buffer in the order of this stream; false if the stream is closed. */
  synchronized boolean freeUnlessClosed(DeviceBuffer buffer) {
    if (closed) {
      return false;
    }
    if (buffer.bytes() > 0) {
      context.enterToClose();
      context.checkClosing(
          JCudaDriver.cuMemFreeAsync(new Handles.DevicePointer(buffer.freedAddress()), handle),
          "cuMemFreeAsync");
    }
    return true;
  }

  /** Copies all of {@code source}, native memory, to the device. */
  void copyToDevice(MemorySegment source, DeviceBuffer target, long targetOffset) {
    long bytes = source.byteSize();
    Handles.DevicePointer to = pointer(target, targetOffset, bytes);
    if (bytes == 0) {
      return;
    }
    Handles.Stream stream = open();
    keep(source);
    Handles.HostPointer from = new Handles.HostPointer(source.address());
    context.check(JCudaDriver.cuMemcpyHtoDAsync(to, from, bytes, stream), "cuMemcpyHtoDAsync");
  }

  /** Fills all of {@code target}, native memory, from the device. */
  void copyToHost(DeviceBuffer source, long sourceOffset, MemorySegment target) {
    long bytes = target.byteSize();
    Handles.DevicePointer from = pointer(source, sourceOffset, bytes);
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("the target of a copy is read-only");
    }
    if (bytes == 0) {
      return;
    }
    Handles.Stream stream = open();
    keep(target);
    Handles.HostPointer to = new Handles.HostPointer(target.address());
    context.check(JCudaDriver.cuMemcpyDtoHAsync(to, from, bytes, stream), "cuMemcpyDtoHAsync");
  }

  /** Copies from device memory to device memory; the ranges do not overlap. */
  void copy(
      DeviceBuffer source, long sourceOffset, DeviceBuffer target, long targetOffset, long bytes) {
    Handles.DevicePointer from = pointer(source, sourceOffset, bytes);
    Handles.DevicePointer to = pointer(target, targetOffset, bytes);
    if (bytes > 0) {
      context.check(JCudaDriver.cuMemcpyDtoDAsync(to, from, bytes, open()), "cuMemcpyDtoDAsync");
    }
  }

  /** Sets bytes of device memory. */
  void fill(DeviceBuffer target, long offset, long bytes, byte value) {
    Handles.DevicePointer to = pointer(target, offset, bytes);
    if (bytes > 0) {
      context.check(JCudaDriver.cuMemsetD8Async(to, value, bytes, open()), "cuMemsetD8Async");
    }
  }

  /** Sets 32-bit words of device memory; the offset is in bytes and a multiple of 4. */
  void fillWords(DeviceBuffer target, long offset, long words, int value) {
    Handles.DevicePointer to = pointer(target, offset, Math.multiplyExact(words, 4L));
    if (words > 0) {
      context.check(JCudaDriver.cuMemsetD32Async(to, value, words, open()), "cuMemsetD32Async");
    }
  }

  private Handles.DevicePointer pointer(DeviceBuffer buffer, long offset, long bytes) {
    device.own(buffer.device());
    return new Handles.DevicePointer(buffer.address(offset, bytes));
  }

  private synchronized void keep(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("a copy to or from a device takes native memory");
    }
    inFlight.add(segment);
  }

  /**
   * Runs a kernel.
   *
   * @param kernel the kernel
   * @param arguments what it takes, the number of items first; without items nothing happens
   */
  void launch(CudaKernel kernel, long... arguments) {
    kernel.check(arguments);
    if (arguments[0] == 0) {
      return;
    }
    int blocks = Math.toIntExact(Math.ceilDiv(arguments[0], CudaKernel.BLOCK_THREADS));
    synchronized (this) {
      Handles.Stream stream = open();
      // The driver copies the arguments before the call returns.
      MemorySegment.copy(arguments, 0, this.arguments, ValueLayout.JAVA_LONG, 0, arguments.length);
      int result =
          JCudaDriver.cuLaunchKernel(
              kernel.function(),
              blocks,
              1,
              1,
              CudaKernel.BLOCK_THREADS,
              1,
              1,
              0,
              stream,
              Pointer.to(new Handles.HostPointer(this.arguments.address())),
              null);
      if (result != CudaResult.SUCCESS) {
        throw context.failure(result, "cuLaunchKernel of " + kernel.name());
      }
    }
  }

  /** Marks the present end of the work. */
  void record(CudaEvent event) {
    device.own(event.device());
    context.check(JCudaDriver.cuEventRecord(event.open(), open()), "cuEventRecord");
  }

  /** Lets all later work of this stream wait for an event; the host does not wait. */
  void await(CudaEvent event) {
    device.own(event.device());
    context.check(JCudaDriver.cuStreamWaitEvent(open(), event.open(), 0), "cuStreamWaitEvent");
  }

  /** Waits for all work of this stream. */
  void synchronize() {
    Handles.Stream stream = open();
    List<MemorySegment> waitedFor = takeInFlight();
    try {
      context.check(JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize");
    } finally {
      Reference.reachabilityFence(waitedFor);
    }
  }

  private synchronized List<MemorySegment> takeInFlight() {
    List<MemorySegment> taken = inFlight;
    inFlight = new ArrayList<>();
    return taken;
  }

  /** Whether all work of this stream is done. */
  boolean isDone() {
    int result = JCudaDriver.cuStreamQuery(open());
    if (result == CudaResult.NOT_READY) {
      return false;
    }
    context.check(result, "cuStreamQuery");
    return true;
  }

  /** Waits for all work of this stream and closes it. Closing twice has no effect. */
  @Override
  public void close() {
    try {
      if (isOpen()) {
        context.enterToClose();
        context.checkClosing(JCudaDriver.cuStreamSynchronize(handle), "cuStreamSynchronize");
      }
    } finally {
      destroy();
    }
  }

  private synchronized boolean isOpen() {
    return !closed;
  }

  private synchronized void destroy() {
    if (closed) {
      return;
    }
    closed = true;
    device.forget(this);
    context.enterToClose();
    context.checkClosing(JCudaDriver.cuStreamDestroy(handle), "cuStreamDestroy");
    inFlight.clear();
  }
}
