// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/** The event of a stage, an upload or another pass, while it is under way. */
final class StageEvent {
  private final Event event;

  private StageEvent(Event event) {
    this.event = event;
  }

  /** Begins the event of a stage; null if nobody wants it. */
  static @Nullable StageEvent begin(Stage stage) {
    if (!FlightEvents.wanted()) {
      return null;
    }
    StageEvent begun = new StageEvent(stage == Stage.UPLOAD ? new UploadEvent() : new PassEvent());
    begun.event.begin();
    return begun;
  }

  void end() {
    event.end();
  }

  /** Writes the event. */
  void commit(Stage stage, long ownNanos, long deviceNanos, long bytes) {
    if (!event.shouldCommit()) {
      return;
    }
    if (event instanceof PassEvent pass) {
      pass.stage = stage.label();
      pass.ownTime = ownNanos;
      pass.deviceTime =
          deviceNanos == StageListener.NOT_ON_DEVICE ? PassEvent.UNKNOWN : deviceNanos;
      pass.bytes = bytes;
    } else if (event instanceof UploadEvent upload) {
      upload.bytes = bytes;
    }
    event.commit();
  }
}
