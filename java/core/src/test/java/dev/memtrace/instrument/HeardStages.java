// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Remembers what a listener hears. */
public final class HeardStages implements StageListener {
  /** One call of the listener. */
  public record Heard(Stage stage, long wallNanos, long deviceNanos, long bytes) {}

  private final List<Heard> calls = Collections.synchronizedList(new ArrayList<>());

  @Override
  public void stageEnded(Stage stage, long wallNanos, long deviceNanos, long bytes) {
    calls.add(new Heard(stage, wallNanos, deviceNanos, bytes));
  }

  /** All calls in order. */
  public List<Heard> calls() {
    return List.copyOf(calls);
  }

  /** The stages that ended at least once. */
  public Set<Stage> stages() {
    Set<Stage> stages = EnumSet.noneOf(Stage.class);
    calls.forEach(call -> stages.add(call.stage()));
    return stages;
  }

  /** All bytes of a stage. */
  public long bytes(Stage stage) {
    return calls.stream().filter(call -> call.stage() == stage).mapToLong(Heard::bytes).sum();
  }

  /** Elapsed time of all stages on the host. */
  public long wallNanos() {
    return calls.stream().mapToLong(Heard::wallNanos).sum();
  }
}
