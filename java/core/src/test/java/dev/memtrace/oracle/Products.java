// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.oracle;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a segment yields, as plain numbers. The arrays are not copied, so that tests can
 * damage them.
 *
 * @param airs memory AIRs in AIR order
 * @param records words of records.bin
 * @param aux words of aux.bin
 * @param rangeCounts multiplicity by table row, zeros left out
 * @param rangeCountsWithAux the same with the auxiliary columns of every access
 * @param poseidon2Inputs rows of 17 words; empty in volatile mode
 * @param poseidon2 traces of the periphery by number of S-box registers; empty in volatile mode
 * @param finalMemory nonzero cells after the log by {@link Cells#key}
 * @param endTimestamp clock after the log
 */
@SuppressWarnings("ArrayRecordComponent") // compared word by word by firstDifference
record Products(
    List<Trace> airs,
    int[] records,
    int[] aux,
    SortedMap<Integer, Integer> rangeCounts,
    SortedMap<Integer, Integer> rangeCountsWithAux,
    int[] poseidon2Inputs,
    List<Trace> poseidon2,
    SortedMap<Long, Integer> finalMemory,
    long endTimestamp) {

  /** A trace, row-major and canonical. */
  @SuppressWarnings("ArrayRecordComponent") // as above
  record Trace(
      String name, int width, int[] cells, long usedRows, long logOrderRows, int[] publicValues) {
    int height() {
      return cells.length / width;
    }

    long at(int row, int column) {
      return cells[row * width + column];
    }

    int[] row(int row) {
      return Arrays.copyOfRange(cells, row * width, (row + 1) * width);
    }
  }

  Trace air(String name) {
    return airs.stream().filter(trace -> trace.name().equals(name)).findFirst().orElseThrow();
  }

  /** Says in words where another set of products first differs from this, the right one. */
  @Nullable String firstDifference(Products got) {
    Map<String, String> found = new LinkedHashMap<>();
    compare(found, "end timestamp", endTimestamp, got.endTimestamp);
    compareWords(found, "records", records, got.records, 0);
    compare(found, "final memory", finalMemory, got.finalMemory);
    compareTraces(found, airs, got.airs);
    compare(found, "range counts", rangeCounts, got.rangeCounts);
    compareWords(found, "aux", aux, got.aux, 5);
    compare(found, "range counts with aux", rangeCountsWithAux, got.rangeCountsWithAux);
    compareWords(found, "poseidon2 inputs", poseidon2Inputs, got.poseidon2Inputs, 17);
    compareTraces(found, poseidon2, got.poseidon2);
    return found.isEmpty() ? null : String.join("; ", found.values());
  }

  private static void compareTraces(Map<String, String> found, List<Trace> want, List<Trace> got) {
    compare(
        found,
        "trace names",
        want.stream().map(Trace::name).toList(),
        got.stream().map(Trace::name).toList());
    for (int i = 0; i < Math.min(want.size(), got.size()); i++) {
      Trace w = want.get(i);
      Trace g = got.get(i);
      compare(found, w.name + " width", w.width, g.width);
      compare(found, w.name + " used rows", w.usedRows, g.usedRows);
      compare(found, w.name + " log order rows", w.logOrderRows, g.logOrderRows);
      compareWords(found, w.name + " public values", w.publicValues, g.publicValues, 0);
      compareWords(found, w.name, w.cells, g.cells, w.width);
    }
  }

  private static void compare(Map<String, String> found, String what, Object want, Object got) {
    if (!want.equals(got)) {
      found.put(what, what + ": want " + shorten(want) + ", got " + shorten(got));
    }
  }

  private static String shorten(Object value) {
    String text = value.toString();
    return text.length() <= 600 ? text : text.substring(0, 600) + "...";
  }

  private static void compareWords(
      Map<String, String> found, String what, int[] want, int[] got, int width) {
    int at = Arrays.mismatch(want, got);
    if (at < 0) {
      return;
    }
    String where = width == 0 ? "word " + at : "row " + at / width + " column " + at % width;
    int begin = width == 0 ? Math.max(0, at - 4) : at / width * width;
    int end = begin + (width == 0 ? 40 : width);
    found.put(
        what,
        "%s differs at %s of %d and %d words: want %s, got %s"
            .formatted(
                what,
                where,
                want.length,
                got.length,
                part(want, begin, end),
                part(got, begin, end)));
  }

  private static String part(int[] words, int begin, int end) {
    int to = Math.min(end, words.length);
    return begin >= to ? "nothing" : Arrays.toString(Arrays.copyOfRange(words, begin, to));
  }
}
