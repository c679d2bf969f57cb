// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.field;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * The prime field of order {@value #P} on {@code int} values.
 *
 * <p>An element is <em>canonical</em> when it lies in 0 .. {@link #P} - 1. Its <em>Montgomery
 * form</em> is {@code x * 2^32 mod P}, again in 0 .. {@link #P} - 1, so that a value does not tell
 * which of the two it is; names and documentation do. Unless a method says otherwise, arguments
 * must be in 0 .. {@link #P} - 1 and are not checked: another argument gives an undefined value,
 * never an exception.
 */
public final class BabyBear {
  /** The order of the field, 2^31 - 2^27 + 1. */
  public static final int P = 2013265921;

  /** The Montgomery form of 1, {@code 2^32 mod P}. */
  public static final int MONTGOMERY_ONE = 268435454;

  /** {@code 2^64 mod P}; a Montgomery product with it converts to Montgomery form. */
  private static final int MONTGOMERY_R2 = 1172168163;

  /** {@code P^-1 mod 2^32}, as a signed word. */
  private static final int P_INVERSE = 0x88000001;

  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;

  /** Inverses of the numbers that traces invert nearly always: differences and address spaces. */
  private static final int[] SMALL_INVERSES = new int[64];

  static {
    for (int a = 1; a < SMALL_INVERSES.length; a++) {
      SMALL_INVERSES[a] = pow(a, P - 2);
    }
  }

  private BabyBear() {}

  /**
   * Tells whether a word is a canonical element.
   *
   * @param value any word
   * @return whether it lies in 0 .. P - 1
   */
  public static boolean isCanonical(int value) {
    return Integer.compareUnsigned(value, P) < 0;
  }

  /**
   * Adds two elements, both canonical or both in Montgomery form.
   *
   * @param a first summand
   * @param b second summand
   * @return {@code a + b mod P}
   */
  public static int add(int a, int b) {
    return wrap(a + (b - P));
  }

  /**
   * Subtracts two elements, both canonical or both in Montgomery form.
   *
   * @param a minuend
   * @param b subtrahend
   * @return {@code a - b mod P}
   */
  public static int sub(int a, int b) {
    return wrap(a - b);
  }

  /**
   * Negates an element, canonical or in Montgomery form.
   *
   * @param a the element
   * @return {@code -a mod P}
   */
  public static int neg(int a) {
    return wrap(-a);
  }

  /**
   * Multiplies two canonical elements.
   *
   * @param a first factor, canonical
   * @param b second factor, canonical
   * @return {@code a * b mod P}, canonical
   */
  public static int mul(int a, int b) {
    return (int) ((long) a * b % P);
  }

  /**
   * Raises a canonical element to a power.
   *
   * @param base the element, canonical
   * @param exponent a non-negative exponent
   * @return {@code base^exponent mod P}, canonical; 1 for the exponent 0
   * @throws IllegalArgumentException if the exponent is negative
   */
  public static int pow(int base, long exponent) {
    if (exponent < 0) {
      throw new IllegalArgumentException(
          "exponent " + exponent + " is negative; raise the inverse instead");
    }
    int result = MONTGOMERY_ONE;
    int power = toMontgomery(base);
    for (long rest = exponent; rest != 0; rest >>>= 1) {
      if ((rest & 1) != 0) {
        result = montgomeryMultiply(result, power);
      }
      power = montgomeryMultiply(power, power);
    }
    return fromMontgomery(result);
  }

  /**
   * Inverts a canonical element.
   *
   * @param a the element, canonical and not 0
   * @return {@code a^-1 mod P}, canonical
   * @throws ArithmeticException if the element is 0
   */
  public static int inverse(int a) {
    if (a == 0) {
      throw new ArithmeticException("0 has no inverse in the field of order " + P);
    }
    return a > 0 && a < SMALL_INVERSES.length ? SMALL_INVERSES[a] : pow(a, P - 2);
  }

  /**
   * Multiplies two elements in Montgomery form, or one in Montgomery form with a canonical one.
   *
   * @param a first factor, in 0 .. P - 1
   * @param b second factor, in 0 .. P - 1
   * @return {@code a * b * 2^-32 mod P}, in 0 .. P - 1
   */
  public static int montgomeryMultiply(int a, int b) {
    long product = (long) a * b;
    // The high word of product lies in 0 .. 0.47 P. With q = product / P mod 2^32 as a signed word,
    // q * P has the same low word and a high word in -P/2 .. P/2: the difference is above -P/2 and
    // below 0.97 P.
    int q = (int) product * P_INVERSE;
    return wrap((int) (product >> 32) - (int) (((long) q * P) >> 32));
  }

  /**
   * Converts an element to Montgomery form.
   *
   * @param canonical the element, canonical
   * @return {@code canonical * 2^32 mod P}
   */
  public static int toMontgomery(int canonical) {
    return montgomeryMultiply(canonical, MONTGOMERY_R2);
  }

  /**
   * Converts an element from Montgomery form.
   *
   * @param montgomery the element in Montgomery form
   * @return {@code montgomery * 2^-32 mod P}, canonical
   */
  public static int fromMontgomery(int montgomery) {
    // A product with 1: its high word is 0, and only the multiple of P remains.
    int q = montgomery * P_INVERSE;
    return wrap(-(int) (((long) q * P) >> 32));
  }

  /**
   * Converts a range to Montgomery form.
   *
   * @param source canonical elements
   * @param sourceOffset index of the first one
   * @param target where they go; may be the source at the same offset, and must not otherwise
   *     overlap with it
   * @param targetOffset index of the first one
   * @param count number of elements
   * @throws IndexOutOfBoundsException if a range does not fit its array
   */
  public static void toMontgomery(
      int[] source, int sourceOffset, int[] target, int targetOffset, int count) {
    Objects.checkFromIndexSize(sourceOffset, count, source.length);
    Objects.checkFromIndexSize(targetOffset, count, target.length);
    for (int i = 0; i < count; i++) {
      target[targetOffset + i] = toMontgomery(source[sourceOffset + i]);
    }
  }

  /**
   * Converts a range from Montgomery form.
   *
   * @param source elements in Montgomery form
   * @param sourceOffset index of the first one
   * @param target where the canonical elements go; may be the source at the same offset, and must
   *     not otherwise overlap with it
   * @param targetOffset index of the first one
   * @param count number of elements
   * @throws IndexOutOfBoundsException if a range does not fit its array
   */
  public static void fromMontgomery(
      int[] source, int sourceOffset, int[] target, int targetOffset, int count) {
    Objects.checkFromIndexSize(sourceOffset, count, source.length);
    Objects.checkFromIndexSize(targetOffset, count, target.length);
    for (int i = 0; i < count; i++) {
      target[targetOffset + i] = fromMontgomery(source[sourceOffset + i]);
    }
  }

  /**
   * Converts a range of words to Montgomery form in place.
   *
   * @param words words in native byte order, canonical in the range
   * @param wordOffset index of the first word of the range, in words of four bytes
   * @param count number of words
   * @throws IndexOutOfBoundsException if the range does not fit the segment
   * @throws IllegalArgumentException if the segment is read-only
   */
  public static void toMontgomery(MemorySegment words, long wordOffset, long count) {
    Objects.checkFromIndexSize(wordOffset, count, words.byteSize() >>> 2);
    for (long i = wordOffset; i < wordOffset + count; i++) {
      words.set(WORD, i << 2, toMontgomery(words.get(WORD, i << 2)));
    }
  }

  /**
   * Converts a range of words from Montgomery form in place.
   *
   * @param words words in native byte order, in Montgomery form in the range
   * @param wordOffset index of the first word of the range, in words of four bytes
   * @param count number of words
   * @throws IndexOutOfBoundsException if the range does not fit the segment
   * @throws IllegalArgumentException if the segment is read-only
   */
  public static void fromMontgomery(MemorySegment words, long wordOffset, long count) {
    Objects.checkFromIndexSize(wordOffset, count, words.byteSize() >>> 2);
    for (long i = wordOffset; i < wordOffset + count; i++) {
      words.set(WORD, i << 2, fromMontgomery(words.get(WORD, i << 2)));
    }
  }

  /** Brings a value of -P .. P - 1 into 0 .. P - 1. */
  private static int wrap(int value) {
    return value + (P & (value >> 31));
  }
}
