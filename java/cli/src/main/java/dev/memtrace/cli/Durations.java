// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as people write them: 500ms, 90s, 5m, 1.5h; a number alone is seconds. */
final class Durations implements ITypeConverter<Duration> {
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)(ms|s|m|h|)");
  private static final Map<String, Long> MILLIS =
      Map.of("ms", 1L, "s", 1000L, "", 1000L, "m", 60_000L, "h", 3_600_000L);

  @Override
  public Duration convert(String text) {
    Matcher parts = DURATION.matcher(text);
    if (!parts.matches()) {
      throw new TypeConversionException("'" + text + "' is no time such as 500ms, 90s, 5m or 1.5h");
    }
    long unit = MILLIS.getOrDefault(parts.group(2), 0L);
    long millis = new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(unit)).longValue();
    if (millis < 1) {
      throw new TypeConversionException("'" + text + "' is too short; the least is 1ms");
    }
    return Duration.ofMillis(millis);
  }

  /** Writes a duration as {@link #convert} reads it. */
  static String format(Duration time) {
    long millis = time.toMillis();
    BigDecimal seconds = BigDecimal.valueOf(millis).movePointLeft(3).stripTrailingZeros();
    return millis < 1000 ? millis + "ms" : seconds.toPlainString() + "s";
  }
}
