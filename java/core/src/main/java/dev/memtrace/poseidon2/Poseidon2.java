// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import dev.memtrace.field.BabyBear;
import java.util.Objects;

/**
 * The permutation on one state, and the compression and the hash that are made of it. Everything is
 * canonical unless the name says Montgomery; elements are not checked and must lie in 0 .. P - 1.
 * All methods are safe for use by several threads. For many states at once see {@link
 * Poseidon2Batch}.
 */
public final class Poseidon2 {
  /** The greatest height that {@link #zeroSubtree} knows. */
  public static final int MAX_ZERO_HEIGHT = 60;

  private static final int WIDTH = Poseidon2Constants.WIDTH;
  private static final int DIGEST = Poseidon2Constants.DIGEST;

  private Poseidon2() {}

  /**
   * Permutes a state in place.
   *
   * @param state 16 canonical elements
   * @throws IllegalArgumentException if there are not 16
   */
  public static void permute(int[] state) {
    if (state.length != WIDTH) {
      throw new IllegalArgumentException(
          "a state of " + state.length + " elements; must be " + WIDTH);
    }
    BabyBear.toMontgomery(state, 0, state, 0, WIDTH);
    Poseidon2Scalar.permute(state, 0, state, 0, WIDTH);
    BabyBear.fromMontgomery(state, 0, state, 0, WIDTH);
  }

  /**
   * Compresses two digests into one.
   *
   * @param left holds the left digest, 8 canonical elements
   * @param leftOffset index of its first element
   * @param right holds the right digest, 8 canonical elements
   * @param rightOffset index of its first element
   * @param out where the 8 canonical elements of the result go; may overlap with the arguments
   * @param outOffset index of the first one
   * @throws IndexOutOfBoundsException if 8 elements do not fit one of the arrays
   */
  public static void compress(
      int[] left, int leftOffset, int[] right, int rightOffset, int[] out, int outOffset) {
    Objects.checkFromIndexSize(outOffset, DIGEST, out.length);
    int[] state = new int[WIDTH];
    BabyBear.toMontgomery(left, leftOffset, state, 0, DIGEST);
    BabyBear.toMontgomery(right, rightOffset, state, DIGEST, DIGEST);
    Poseidon2Scalar.permute(state, 0, state, 0, DIGEST);
    BabyBear.fromMontgomery(state, 0, out, outOffset, DIGEST);
  }

  /**
   * Compresses two digests into one.
   *
   * @param left the left digest, 8 canonical elements
   * @param right the right digest, 8 canonical elements
   * @return a fresh array of the 8 canonical elements of the result
   * @throws IllegalArgumentException if a digest does not have 8 elements
   */
  public static int[] compress(int[] left, int[] right) {
    checkDigest(left);
    checkDigest(right);
    int[] out = new int[DIGEST];
    compress(left, 0, right, 0, out, 0);
    return out;
  }

  /**
   * Hashes a chunk: compresses it with eight zeros.
   *
   * @param chunk 8 canonical elements
   * @return a fresh array of the 8 canonical elements of the digest
   * @throws IllegalArgumentException if the chunk does not have 8 elements
   */
  public static int[] hash(int[] chunk) {
    checkDigest(chunk);
    int[] out = new int[DIGEST];
    hash(chunk, 0, out, 0);
    return out;
  }

  /**
   * Hashes a chunk: compresses it with eight zeros.
   *
   * @param chunk holds the chunk, 8 canonical elements
   * @param chunkOffset index of its first element
   * @param out where the 8 canonical elements of the digest go; may overlap with the chunk
   * @param outOffset index of the first one
   * @throws IndexOutOfBoundsException if 8 elements do not fit one of the arrays
   */
  public static void hash(int[] chunk, int chunkOffset, int[] out, int outOffset) {
    Objects.checkFromIndexSize(outOffset, DIGEST, out.length);
    int[] state = new int[WIDTH];
    BabyBear.toMontgomery(chunk, chunkOffset, state, 0, DIGEST);
    Poseidon2Scalar.permute(state, 0, state, 0, DIGEST);
    BabyBear.fromMontgomery(state, 0, out, outOffset, DIGEST);
  }

  /**
   * Returns the root of a subtree whose chunks are all zero.
   *
   * @param height levels of compressions above the hashed chunk, 0 .. {@link #MAX_ZERO_HEIGHT}; at
   *     0 the hash of the zero chunk itself
   * @return a fresh array of 8 canonical elements
   * @throws IllegalArgumentException if the height is out of range
   */
  public static int[] zeroSubtree(int height) {
    int[] out = new int[DIGEST];
    zeroSubtree(height, out, 0);
    return out;
  }

  /**
   * Writes the root of a subtree whose chunks are all zero.
   *
   * @param height levels of compressions above the hashed chunk, 0 .. {@link #MAX_ZERO_HEIGHT}; at
   *     0 the hash of the zero chunk itself
   * @param out where the 8 canonical elements go
   * @param outOffset index of the first one
   * @throws IllegalArgumentException if the height is out of range
   * @throws IndexOutOfBoundsException if 8 elements do not fit the array
   */
  public static void zeroSubtree(int height, int[] out, int outOffset) {
    if (height < 0 || height > MAX_ZERO_HEIGHT) {
      throw new IllegalArgumentException(
          "zero subtree of height " + height + "; must be 0 to " + MAX_ZERO_HEIGHT);
    }
    System.arraycopy(ZeroSubtrees.DIGESTS, height * DIGEST, out, outOffset, DIGEST);
  }

  private static void checkDigest(int[] digest) {
    if (digest.length != DIGEST) {
      throw new IllegalArgumentException(
          "a digest or chunk of " + digest.length + " elements; must be " + DIGEST);
    }
  }

  /** Filled on first use: height h at 8 * h. */
  private static final class ZeroSubtrees {
    static final int[] DIGESTS = new int[(MAX_ZERO_HEIGHT + 1) * DIGEST];

    static {
      hash(DIGESTS, 0, DIGESTS, 0);
      for (int below = 0; below < MAX_ZERO_HEIGHT * DIGEST; below += DIGEST) {
        compress(DIGESTS, below, DIGESTS, below, DIGESTS, below + DIGEST);
      }
    }
  }
}
