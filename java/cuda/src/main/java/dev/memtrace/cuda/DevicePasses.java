// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import dev.memtrace.backend.DeviceLostException;
import dev.memtrace.instrument.Stage;
import dev.memtrace.instrument.Stages;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The passes of one stream, as profilers and listeners see them. While somebody listens, a pass is
 * waited for at its end, and a failure of its work shows there; an upload is not waited for, and is
 * told of at the end of the next pass that is. Used by one thread at a time.
 */
final class DevicePasses implements AutoCloseable {
  private static final double NANOS_PER_MILLI = 1e6;

  private final CudaStream stream;
  private final Stages stages;

  /** Uploads that have ended on the host. */
  private final List<Pass> uploads = new ArrayList<>();

  DevicePasses(CudaStream stream, Stages stages) {
    this.stream = stream;
    this.stages = stages;
  }

  /** Begins a pass, closed by the same thread after all passes inside it. */
  Pass open(Stage stage) {
    return new Pass(stage);
  }

  private CudaEvent mark() {
    CudaEvent event = stream.device().newTimingEvent();
    try {
      stream.record(event);
      return event;
    } catch (RuntimeException | Error e) {
      Closing.after(e, event::close);
      throw e;
    }
  }

  /** Waits for all uploads and tells of them. */
  private void tellUploads() {
    List<Runnable> steps = new ArrayList<>();
    for (Pass upload : uploads) {
      steps.add(upload::await); // no wait after a pass, unless the mark at its end has failed
      steps.add(upload::tell);
    }
    uploads.clear();
    Closing.all(steps);
  }

  /** Waits for uploads that nobody was told of; does nothing on a lost device. */
  @Override
  public void close() {
    try {
      tellUploads();
    } catch (DeviceLostException e) {
      // there is nothing left to time
    }
  }

  /** One pass. */
  final class Pass implements AutoCloseable {
    private final Stage stage;
    private final Stages.Span span;
    private @Nullable CudaEvent begin;
    private @Nullable CudaEvent end;

    private Pass(Stage stage) {
      this.stage = stage;
      stream.device().ranges().push(stage);
      this.span = stages.open(stage);
      if (stages.heard()) {
        try {
          begin = mark();
        } catch (RuntimeException | Error e) {
          span.close();
          stream.device().ranges().pop();
          throw e;
        }
      }
    }

    /** Adds bytes that were moved or written. */
    void addBytes(long bytes) {
      span.addBytes(bytes);
    }

    private void await() {
      if (end != null) {
        end.synchronize();
      }
    }

    /** Tells of the pass, which has been waited for. */
    private void tell() {
      CudaEvent from = begin;
      CudaEvent to = end;
      List<Runnable> steps = new ArrayList<>();
      if (from != null && to != null) {
        steps.add(() -> span.onDevice(Math.round(NANOS_PER_MILLI * to.millisecondsSince(from))));
      }
      steps.add(span::close);
      if (from != null) {
        steps.add(from::close);
      }
      if (to != null) {
        steps.add(to::close);
      }
      Closing.all(steps);
    }

    private void markEnd() {
      if (begin != null) {
        end = mark();
      }
    }

    @Override
    public void close() {
      if (stages.heard() && stage == Stage.UPLOAD) {
        uploads.add(this);
        Closing.all(List.of(this::markEnd, span::stop, stream.device().ranges()::pop));
      } else {
        Closing.all(
            List.of(
                this::markEnd,
                this::await,
                span::stop,
                DevicePasses.this::tellUploads,
                this::tell,
                stream.device().ranges()::pop));
      }
    }
  }
}
