// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.faults;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An open file of a {@link FaultyFileSystem}. */
final class FaultyChannel extends FileChannel {
  private final FaultyFiles faults;
  private final Path file;
  private final FileChannel real;

  FaultyChannel(FaultyFiles faults, Path file, FileChannel real) {
    this.faults = faults;
    this.file = file;
    this.real = real;
  }

  private void operation(String name) throws IOException {
    FaultyFiles.Kind kind = faults.count(name, file);
    if (kind != null) {
      throw FaultyFiles.failure(kind);
    }
  }

  /** One of the two ways of writing. */
  @FunctionalInterface
  private interface Writing {
    int write(ByteBuffer from) throws IOException;
  }

  private int write(ByteBuffer from, Writing writing) throws IOException {
    FaultyFiles.Kind kind = faults.count("write", file);
    if (kind == null) {
      return writing.write(from);
    }
    if (kind == FaultyFiles.Kind.FULL) {
      int limit = from.limit();
      writing.write(from.limit(from.position() + from.remaining() / 2));
      from.limit(limit);
    }
    throw FaultyFiles.failure(kind);
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    operation("read");
    return real.read(to);
  }

  @Override
  public long read(ByteBuffer[] to, int offset, int length) throws IOException {
    operation("read");
    return real.read(to, offset, length);
  }

  @Override
  public int read(ByteBuffer to, long position) throws IOException {
    operation("read");
    return real.read(to, position);
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    return write(from, real::write);
  }

  @Override
  public int write(ByteBuffer from, long position) throws IOException {
    return write(from, part -> real.write(part, position));
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) throws IOException {
    operation("write");
    return real.write(from, offset, length);
  }

  @Override
  public long position() throws IOException {
    return real.position();
  }

  @Override
  public FileChannel position(long newPosition) throws IOException {
    real.position(newPosition);
    return this;
  }

  @Override
  public long size() throws IOException {
    operation("size");
    return real.size();
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    operation("truncate");
    real.truncate(size);
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    operation("force");
    real.force(metaData);
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
    operation("read");
    return real.transferTo(position, count, target);
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count)
      throws IOException {
    operation("write");
    return real.transferFrom(source, position, count);
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
    operation("map");
    return real.map(mode, position, size);
  }

  @Override
  public MemorySegment map(MapMode mode, long offset, long size, Arena arena) throws IOException {
    operation("map");
    return real.map(mode, offset, size, arena);
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) throws IOException {
    operation("lock");
    return real.lock(position, size, shared);
  }

  @Override
  public @Nullable FileLock tryLock(long position, long size, boolean shared) throws IOException {
    operation("lock");
    return real.tryLock(position, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    faults.closed(this);
    real.close();
  }
}
