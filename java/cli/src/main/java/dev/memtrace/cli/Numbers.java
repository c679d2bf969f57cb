// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whole numbers as people write large ones: 250000, 10^6, 1e6, and 10^4..10^8 for powers of ten.
 */
final class Numbers {
  private static final Pattern PLAIN = Pattern.compile("\\d{1,18}");
  private static final Pattern POWER = Pattern.compile("(\\d{1,9})(?:e|E|\\^)(\\d{1,2})");

  private Numbers() {}

  /**
   * Reads a number.
   *
   * @throws IllegalArgumentException if it is none
   */
  static long parse(String text) {
    Matcher power = POWER.matcher(text);
    try {
      if (PLAIN.matcher(text).matches()) {
        return Long.parseLong(text);
      }
      if (power.matches()) {
        long first = Long.parseLong(power.group(1));
        int exponent = Integer.parseInt(power.group(2));
        boolean decimal = !text.contains("^");
        long value = decimal ? first : 1;
        for (int i = 0; i < exponent; i++) {
          value = Math.multiplyExact(value, decimal ? 10 : first);
        }
        return value;
      }
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("'" + text + "' is beyond 2^63 - 1", e);
    }
    throw new IllegalArgumentException("'" + text + "' is no number such as 250000, 10^6 or 1e6");
  }

  /**
   * Reads a list of numbers and ranges, separated by commas. A range goes up by factors of ten.
   *
   * @return the numbers, ascending
   * @throws IllegalArgumentException if it is none
   */
  static List<Long> parseAll(String text) {
    SortedSet<Long> all = new TreeSet<>();
    for (String part : text.split(",", -1)) {
      int dots = part.indexOf("..");
      if (dots < 0) {
        all.add(parse(part));
        continue;
      }
      long from = parse(part.substring(0, dots));
      long to = parse(part.substring(dots + 2));
      if (from < 1 || from > to) {
        throw new IllegalArgumentException(
            "'" + part + "' is no range; it goes up from a number of at least 1");
      }
      for (long value = from; value <= to; value *= 10) {
        all.add(value);
        if (value > Long.MAX_VALUE / 10) {
          break;
        }
      }
    }
    return new ArrayList<>(all);
  }
}
