// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.durable;

import java.io.IOException;

/** Keeps everybody from writing a log file while this is open. */
public final class LogFileLock implements AutoCloseable {
  private final OpenFile file;

  LogFileLock(OpenFile file) {
    this.file = file;
  }

  /** Gives the lock back. Closing twice has no effect. */
  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      // Nothing was written; the system drops the lock.
    }
  }
}
