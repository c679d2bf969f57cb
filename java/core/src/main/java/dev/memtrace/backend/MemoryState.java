// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.backend;

import dev.memtrace.config.MemoryConfig;
import dev.memtrace.image.AddressMap;
import dev.memtrace.image.MemoryImage;
import dev.memtrace.merkle.ResidentTree;
import dev.memtrace.merkle.StateTree;
import dev.memtrace.offheap.BufferPool;
import dev.memtrace.parallel.Workers;
import dev.memtrace.poseidon2.Poseidon2Batch;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Persistent memory between two segments: its cells and its memory tree. The next segment then
 * neither copies the cells nor hashes them again.
 *
 * <p>A state is used once: {@code setInitialMemory} of a controller moves its content away, and
 * whatever is asked of it afterwards is refused. A state that is not used is closed. {@link #save}
 * changes nothing, so a state can be saved and then used. Of several threads that take or close a
 * state at once, one does; otherwise a state is used by one thread at a time.
 *
 * <p>The tree may lie on a device, and {@link #save} or another backend brings it to the host. The
 * backend that made a state is closed after the state and after every controller that took it.
 */
public final class MemoryState implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(MemoryState.class.getName());

  private MemoryConfig config;
  private final BufferPool pool;
  private @Nullable AddressMap image;

  /** Null until somebody hashes the image. */
  private @Nullable StateTree tree;

  private String gone = "";

  /**
   * Takes over cells and their tree. For backends.
   *
   * @param pool where memory comes from and returns to
   * @param image the cells, which no longer change
   * @param tree the tree of the cells, or null if nobody has hashed them yet
   */
  public MemoryState(BufferPool pool, AddressMap image, @Nullable StateTree tree) {
    this.pool = pool;
    this.config = image.config();
    this.image = image;
    this.tree = tree;
  }

  /**
   * Copies an image, which is hashed when the tree is needed.
   *
   * @param image the cells
   * @param config the configuration of the memory, with the same address spaces
   * @param pool where memory comes from and returns to
   * @return a new state
   * @throws IllegalArgumentException if the image has a cell that does not exist in the
   *     configuration, or a value that is not canonical
   */
  public static MemoryState copyOf(MemoryImage image, MemoryConfig config, BufferPool pool) {
    return new MemoryState(pool, AddressMap.copyOf(image, config, pool), null);
  }

  /**
   * Returns the configuration.
   *
   * @return the configuration of the segment that ended here
   */
  public MemoryConfig config() {
    return config;
  }

  /**
   * Returns the cells.
   *
   * @return cells that must not be changed, valid until the state is used or closed
   * @throws IllegalStateException if the state was used or closed
   */
  public synchronized AddressMap image() {
    if (image == null) {
      throw new IllegalStateException(
          "this memory state was "
              + gone
              + "; a state is used once, save it before or take the next one from finalState");
    }
    return image;
  }

  /**
   * Returns the Merkle root. Hashes the cells if nobody has done so.
   *
   * @return 8 canonical elements
   * @throws IllegalStateException if the state was used or closed
   */
  public int[] root() {
    StateTree known = tree();
    return known == null ? hashedTree().root() : known.root();
  }

  /**
   * Returns the tree wherever it lies. For backends.
   *
   * @return the tree, owned by the state, or null if nobody has hashed the cells
   * @throws IllegalStateException if the state was used or closed
   */
  public @Nullable StateTree tree() {
    image();
    return tree;
  }

  /**
   * Returns the tree on the host, hashing the cells if there is none. For backends.
   *
   * @param workers threads that share the work
   * @param batch the hash
   * @return the tree, owned by the state
   * @throws IllegalStateException if the state was used or closed
   */
  public ResidentTree hashedTree(Workers workers, Poseidon2Batch batch) {
    AddressMap cells = image();
    ResidentTree host = tree == null ? ResidentTree.of(workers, batch, pool, cells) : tree.onHost();
    tree = host;
    return host;
  }

  /**
   * Keeps another tree of the same cells. For backends.
   *
   * @param next the tree, from now on owned by the state; the one before is closed
   * @throws IllegalStateException if the state was used or closed
   */
  public void replaceTree(StateTree next) {
    StateTree before = takeTree();
    tree = next;
    if (before != null) {
      before.close();
    }
  }

  private ResidentTree hashedTree() {
    try (Workers workers = new Workers(1)) {
      return hashedTree(workers, Poseidon2Batch.portable());
    }
  }

  /**
   * Takes the tree out, for the state after the segment. The cells stay; should the tree be needed
   * again, they are hashed again. For backends.
   *
   * @return the tree, owned by the caller, or null if nobody has hashed the cells
   * @throws IllegalStateException if the state was used or closed
   */
  public synchronized @Nullable StateTree takeTree() {
    image();
    StateTree taken = tree;
    tree = null;
    return taken;
  }

  /**
   * Moves the content to a new state; this one is used afterwards. For controllers.
   *
   * @param wanted configuration of the new state, with the same address spaces
   * @param user who uses it, for the message of a second use
   * @return a new state, owned by the caller
   * @throws IllegalStateException if the state was used or closed
   */
  public MemoryState move(MemoryConfig wanted, String user) {
    MemoryState taken = take("used by " + user);
    AddressMap cells = taken.image();
    try {
      cells.settle();
      if (wanted.equals(config)) {
        return taken;
      }
      AddressMap moved = AddressMap.after(cells, wanted, pool);
      cells.release();
      return new MemoryState(pool, moved, taken.tree);
    } catch (RuntimeException | Error e) {
      putBack(taken);
      throw e;
    }
  }

  private synchronized MemoryState take(String how) {
    MemoryState taken = new MemoryState(pool, image(), tree);
    forget(how);
    return taken;
  }

  /**
   * Takes the content of a moved state back, if its user could not go on. For controllers.
   *
   * @param moved what {@link #move} returned, which is used afterwards
   */
  public synchronized void putBack(MemoryState moved) {
    image = moved.image();
    config = moved.config;
    tree = moved.tree;
    moved.forget("put back");
  }

  private void forget(String how) {
    image = null;
    tree = null;
    gone = how;
  }

  /**
   * Writes the state to a file: beside it first, then renamed, so that the file is whole or absent.
   * Hashes the cells if nobody has done so.
   *
   * @param file the file, replaced if it exists
   * @throws MemoryStateException if it cannot be written; nothing is left behind then
   * @throws IllegalStateException if the state was used or closed
   */
  public void save(Path file) {
    ResidentTree host = hashedTree();
    MemoryStateFile.write(file, image(), host);
    LOG.log(System.Logger.Level.DEBUG, "saved a state of {0} tree nodes: {1}", host.size(), file);
  }

  /**
   * Reads a state that {@link #save} wrote. Everything is checked, and the cells are hashed to
   * compare the tree.
   *
   * @param file the file
   * @param config configuration of the memory that the state is for
   * @return a new state, owned by the caller
   * @throws MemoryStateException if the file cannot be read, is truncated or corrupt, or is of
   *     another configuration or version; nothing is loaded then
   */
  public static MemoryState load(Path file, MemoryConfig config) {
    return load(file, config, true);
  }

  /**
   * Reads a state that {@link #save} wrote, without hashing its cells: for files from a source that
   * is trusted to have hashed them. Damage is found all the same, by a digest over the content.
   *
   * @param file the file
   * @param config configuration of the memory that the state is for
   * @return a new state, owned by the caller
   * @throws MemoryStateException if the file cannot be read, is truncated or corrupt, or is of
   *     another configuration or version; nothing is loaded then
   */
  public static MemoryState loadWithoutHashing(Path file, MemoryConfig config) {
    return load(file, config, false);
  }

  private static MemoryState load(Path file, MemoryConfig config, boolean hash) {
    BufferPool pool = BufferPool.shared();
    MemoryState state = MemoryStateFile.read(file, config, pool);
    if (!hash) {
      LOG.log(System.Logger.Level.DEBUG, "loaded a state without hashing its cells: {0}", file);
      return state;
    }
    boolean complete = false;
    try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
        ResidentTree again =
            ResidentTree.of(workers, Poseidon2Batch.portable(), pool, state.image())) {
      if (!again.sameDigests(state.hashedTree())) {
        throw new MemoryStateException(
            file + ": is corrupt, its memory tree is not that of its cells; save it again");
      }
      complete = true;
      LOG.log(System.Logger.Level.DEBUG, "loaded a state and hashed its cells: {0}", file);
      return state;
    } finally {
      if (!complete) {
        state.close();
      }
    }
  }

  /** Gives the memory back, unless the state was used. Closing twice has no effect. */
  @Override
  public void close() {
    AddressMap cells;
    StateTree hashed;
    synchronized (this) {
      cells = image;
      hashed = tree;
      if (cells == null) {
        return;
      }
      forget("closed");
    }
    cells.release();
    if (hashed != null) {
      hashed.close();
    }
  }
}
