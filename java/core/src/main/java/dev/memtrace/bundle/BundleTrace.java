// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import dev.memtrace.backend.FieldEncoding;
import dev.memtrace.backend.HostTraceMatrix;
import dev.memtrace.backend.TraceMatrix;
import dev.memtrace.backend.TraceOrder;
import dev.memtrace.check.BadProductException;
import dev.memtrace.check.TraceSource;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.offheap.IntBuffer64;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A trace in a file of a bundle, read when it is opened.
 *
 * @param folder the bundle
 * @param file plain name of the file
 * @param height rows that it should have
 * @param width columns that it should have
 * @param pool where the memory comes from
 */
record BundleTrace(Path folder, String file, long height, int width, BufferPool pool)
    implements TraceSource {

  @Override
  public TraceMatrix open() {
    BundleFile stored = BundleFile.find(folder, file);
    if (stored == null) {
      throw new BadProductException(file + " is missing");
    }
    long words = height * width;
    if (!stored.gzip() && stored.bytes() != 4 * words) {
      throw badSize(stored.bytes() + " bytes");
    }
    // A gzipped file may hold less than it should, so memory grows with what is there.
    IntBuffer64 buffer =
        new IntBuffer64(pool, Math.max(1, stored.gzip() ? Math.min(words, 1 << 20) : words));
    boolean complete = false;
    try (WordReader in = WordReader.open(stored, bytes -> {})) {
      long read = 0;
      while (read <= words && in.available(1) > 0) {
        int n = in.limit - in.position;
        if (read + n > words) {
          throw badSize("more words");
        }
        MemorySegment target = buffer.ensure(read + n, read);
        MemorySegment.copy(in.words, in.position, target, IntBuffer64.WORD, 4 * read, n);
        in.position += n;
        read += n;
      }
      if (read != words) {
        throw badSize(read + " words");
      }
      complete = true;
      return new HostTraceMatrix(
          pool, buffer.segment(), height, width, TraceOrder.ROW_MAJOR, FieldEncoding.CANONICAL);
    } finally {
      if (!complete) {
        buffer.release();
      }
    }
  }

  private BadProductException badSize(String has) {
    return new BadProductException(
        file + " has " + has + "; " + height + " rows of " + width + " words were announced");
  }

  @Override
  public void release(TraceMatrix matrix) {
    matrix.close();
  }
}
