// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.backend.DeviceMemoryException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * One GPU, or the emulated one: its context, its kernels and its memory. Thread-safe.
 *
 * <p>Every buffer, stream and event has an owner who closes it before the device; what is open when
 * the device closes is freed all the same, and named in an exception. When a call reports that the
 * context is lost, that call and all later ones throw {@link DeviceLostException}, and closing
 * anything has no further effect.
 */
final class CudaDevice implements AutoCloseable {
  /** 58 digests of 32 bytes. */
  private static final long ZERO_HASHES_BYTES = 58 * 32;

  private final DriverLibrary driver;
  private final DriverLibrary.Device description;
  private final PrimaryContext context;
  private final long pool;
  private final CUmodule module;
  private final CudaStream freeing;
  private final DeviceAlgorithms algorithms;
  private final ProfilerRanges ranges;
  private final PinnedMemory pinnedMemory;
  private final Map<String, CudaKernel> kernels = new ConcurrentHashMap<>();
  private final Set<DeviceBuffer> buffers = ConcurrentHashMap.newKeySet();
  private final Set<CudaStream> streams = ConcurrentHashMap.newKeySet();
  private final Set<CudaEvent> events = ConcurrentHashMap.newKeySet();
  private final AtomicLong liveBytes = new AtomicLong();
  private final AtomicLong peakBytes = new AtomicLong();
  private final AtomicBoolean closing = new AtomicBoolean();
  private @Nullable DeviceBuffer zeroHashes;
  private volatile boolean closed;

  private CudaDevice(
      DriverLibrary driver,
      DriverLibrary.Device description,
      PrimaryContext context,
      long pool,
      CUmodule module,
      AlgorithmsLibrary algorithms,
      long pinnedLimit) {
    this.driver = driver;
    this.description = description;
    this.context = context;
    this.pool = pool;
    this.module = module;
    this.freeing = new CudaStream(this);
    this.algorithms = new DeviceAlgorithms(this, algorithms);
    this.ranges = new ProfilerRanges(algorithms);
    this.pinnedMemory = new PinnedMemory(context, pinnedLimit);
  }

  /**
   * Opens a device.
   *
   * @param driver the driver, which JCuda uses too
   * @param description the device
   * @param image the kernels
   * @param algorithms the collective algorithms
   * @param pinnedLimit bytes of page-locked memory that may be in use at once
   */
  static CudaDevice open(
      DriverLibrary driver,
      DriverLibrary.Device description,
      byte[] image,
      AlgorithmsLibrary algorithms,
      long pinnedLimit) {
    PrimaryContext context = new PrimaryContext(driver, description.ordinal());
    try {
      context.makeCurrent();
      long pool = driver.memoryPool(description.ordinal());
      // Freed memory stays in the pool until trim() or close(); mapping it anew takes longer than
      // most kernels.
      driver.setReleaseThreshold(pool, -1L);
      CUmodule module = new CUmodule();
      context.check(JCudaDriver.cuModuleLoadData(module, image), "cuModuleLoadData");
      try {
        return new CudaDevice(driver, description, context, pool, module, algorithms, pinnedLimit);
      } catch (RuntimeException | Error e) {
        JCudaDriver.cuModuleUnload(module);
        throw e;
      }
    } catch (RuntimeException | Error e) {
      try {
        context.release();
      } catch (CudaException whileReleasing) {
        e.addSuppressed(whileReleasing);
      }
      throw e;
    }
  }

  /** The name that the driver gives the device. */
  String name() {
    return description.name();
  }

  /** Whether the emulator stands in for a device. */
  boolean emulated() {
    return driver.emulated();
  }

  /** The compute capability: 90 for sm_90. */
  int computeCapability() {
    return description.computeCapability();
  }

  /** Bytes of device memory. */
  long totalMemory() {
    return description.memory();
  }

  /** Bytes that could still be allocated: what the driver has left and what the pool has unused. */
  long freeMemory() {
    makeCurrent();
    long[] free = new long[1];
    context.check(JCudaDriver.cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
    return free[0] + context.judge(() -> driver.unusedBytes(pool));
  }

  /**
   * Refuses before any work what cannot be done.
   *
   * @param need bytes of device memory
   * @param what what needs them
   * @throws DeviceMemoryException if fewer are free
   */
  void require(long need, String what) {
    long rest = freeMemory();
    if (need > rest) {
      throw new DeviceMemoryException(
          what
              + " needs "
              + need
              + " bytes of device memory and "
              + rest
              + " are free; use shorter segments, a larger device or the CPU backend",
          need,
          rest);
    }
  }

  /** Bytes of all open buffers. */
  long liveBytes() {
    return liveBytes.get();
  }

  /** The most bytes that open buffers have had together since this was asked last. */
  long takePeakBytes() {
    long peak = peakBytes.getAndSet(0);
    long live = liveBytes.get();
    peakBytes.accumulateAndGet(live, Math::max);
    return Math.max(peak, live);
  }

  PinnedMemory pinnedMemory() {
    return pinnedMemory;
  }

  DeviceAlgorithms algorithms() {
    return algorithms;
  }

  ProfilerRanges ranges() {
    return ranges;
  }

  /**
   * Returns the digests of the zero subtrees, made at the first call.
   *
   * @return {@code memtrace::ZERO_HASHES} digests by height, owned by the device
   */
  synchronized DeviceBuffer zeroHashes() {
    DeviceBuffer known = zeroHashes;
    if (known != null) {
      return known;
    }
    makeCurrent();
    DeviceBuffer made = freeing.allocate(ZERO_HASHES_BYTES, "digests of zero subtrees");
    try {
      freeing.launch(kernel("zero_hashes"), 1, made.address());
      freeing.synchronize();
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
    zeroHashes = made;
    return made;
  }

  private synchronized void freeZeroHashes() {
    if (zeroHashes != null) {
      zeroHashes.close();
    }
  }

  /** Waits for all streams, so that what they used can be freed. Does nothing on a lost device. */
  void synchronizeToClose() {
    context.enterToClose();
    context.checkClosing(JCudaDriver.cuCtxSynchronize(), "cuCtxSynchronize");
  }

  boolean isClosed() {
    return closed;
  }

  PrimaryContext context() {
    return context;
  }

  /** Makes a stream that does not wait for others; closed by the caller. */
  CudaStream openStream() {
    CudaStream stream = new CudaStream(this);
    streams.add(stream);
    return stream;
  }

  /** Makes an event that orders streams; closed by the caller. */
  CudaEvent newEvent() {
    return newEvent(false);
  }

  /** Makes an event that takes the time as well; closed by the caller. */
  CudaEvent newTimingEvent() {
    return newEvent(true);
  }

  private CudaEvent newEvent(boolean timing) {
    CudaEvent event = new CudaEvent(this, timing);
    events.add(event);
    return event;
  }

  /**
   * Returns a kernel.
   *
   * @param name its name, without the prefix memtrace_
   * @throws IllegalArgumentException if the module has no such kernel
   */
  CudaKernel kernel(String name) {
    CudaKernel known = kernels.get(name);
    return known != null ? known : kernels.computeIfAbsent(name, this::findKernel);
  }

  private CudaKernel findKernel(String name) {
    makeCurrent();
    Handles.Function function = new Handles.Function();
    int result = JCudaDriver.cuModuleGetFunction(function, module, "memtrace_" + name);
    if (result == CudaResult.NOT_FOUND) {
      throw new IllegalArgumentException("there is no kernel memtrace_" + name);
    }
    context.check(result, "cuModuleGetFunction");
    long bytes = context.judge(() -> driver.argumentBytes(function.value()));
    return new CudaKernel(name, function, bytes < 0 ? -1 : Math.toIntExact(bytes / Long.BYTES));
  }

  /** Waits for all work on the device. */
  void synchronize() {
    makeCurrent();
    context.check(JCudaDriver.cuCtxSynchronize(), "cuCtxSynchronize");
  }

  /** Gives memory that is not in use back to the driver. */
  void trim() {
    makeCurrent();
    context.judge(() -> driver.trim(pool));
  }

  /** Prepares the calling thread for a call on this device. */
  void makeCurrent() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    context.makeCurrent();
  }

  /** Refuses streams and events of another device. */
  void own(CudaDevice other) {
    if (!equals(other)) {
      throw new IllegalArgumentException("it belongs to another device");
    }
  }

  void register(DeviceBuffer buffer) {
    buffers.add(buffer);
    long live = liveBytes.addAndGet(buffer.bytes());
    peakBytes.accumulateAndGet(live, Math::max);
  }

  DeviceMemoryException outOfMemory(long bytes, String owner) {
    long rest;
    try {
      rest = freeMemory();
    } catch (CudaException e) {
      rest = 0; // the driver cannot say
    }
    return new DeviceMemoryException(
        "device memory is exhausted: %s needs %d bytes, %d of %d are free; use shorter segments"
            .formatted(owner, bytes, rest, totalMemory()),
        bytes,
        rest);
  }

  /** Frees the memory of a buffer that its owner closes. */
  void free(DeviceBuffer buffer, CudaStream stream) {
    if (buffers.remove(buffer)) {
      liveBytes.addAndGet(-buffer.bytes());
      if (!stream.freeUnlessClosed(buffer)) {
        freeing.freeUnlessClosed(buffer);
      }
    }
  }

  void forget(CudaStream stream) {
    streams.remove(stream);
  }

  void forget(CudaEvent event) {
    events.remove(event);
  }

  /**
   * Frees everything.
   *
   * @throws IllegalStateException if buffers, streams or events were open; names them
   */
  @Override
  public void close() {
    if (closing.getAndSet(true)) {
      return;
    }
    Closing steps = new Closing();
    steps.step(this::freeZeroHashes);
    List<String> leaks = leaks();
    streams.forEach(stream -> steps.step(stream::close));
    events.forEach(event -> steps.step(event::close));
    buffers.forEach(buffer -> steps.step(buffer::close));
    steps.step(freeing::close);
    steps.step(this::unload);
    closed = true;
    pinnedMemory.close();
    steps.step(context::release);
    if (!leaks.isEmpty() && !context.isLost()) {
      steps.add(
          new IllegalStateException(
              "the device was closed before what it had given out: " + String.join(", ", leaks)));
    }
    steps.finish();
  }

  private void unload() {
    context.enterToClose();
    context.checkClosing(JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
    trim();
  }

  private List<String> leaks() {
    List<String> leaks = new ArrayList<>();
    Stream<DeviceBuffer> byOwner =
        buffers.stream()
            .sorted(
                Comparator.comparing(DeviceBuffer::owner).thenComparingLong(DeviceBuffer::bytes));
    String names =
        byOwner
            .map(buffer -> buffer.owner() + " (" + buffer.bytes() + " bytes)")
            .collect(Collectors.joining(", "));
    if (!names.isEmpty()) {
      leaks.add("buffers of " + names);
    }
    if (!streams.isEmpty()) {
      leaks.add(streams.size() + " streams");
    }
    if (!events.isEmpty()) {
      leaks.add(events.size() + " events");
    }
    return leaks;
  }

  /** Runs every step of closing, whatever the others throw; a lost device stops none of them. */
  private static final class Closing {
    private @Nullable RuntimeException first;

    void step(Runnable step) {
      try {
        step.run();
      } catch (DeviceLostException e) {
        // there is nothing left to free
      } catch (RuntimeException e) {
        add(e);
      }
    }

    void add(RuntimeException e) {
      if (first == null) {
        first = e;
      } else {
        first.addSuppressed(e);
      }
    }

    void finish() {
      if (first != null) {
        throw first;
      }
    }
  }
}
