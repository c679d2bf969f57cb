// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import java.util.function.Supplier;

/** Makes the backend of the automatic choice for tests, on any device. */
public final class Fallbacks {
  private Fallbacks() {}

  /**
   * Makes a backend that goes on elsewhere when a device has too little memory.
   *
   * @param device the device, closed with the backend
   * @param cpu makes the other one, closed with the backend
   */
  public static TraceBackend of(TraceBackend device, Supplier<TraceBackend> cpu) {
    return new FallbackBackend(device, cpu);
  }
}
