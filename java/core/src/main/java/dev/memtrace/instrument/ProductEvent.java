// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.instrument;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A product that was handed out. */
@Name("dev.memtrace.Product")
@Label("Product")
@Category("memtrace")
@Description("A trace or another product was handed out")
@StackTrace(false)
final class ProductEvent extends Event {
  @Label("Product")
  String product = "";

  @Label("Rows")
  long rows;

  @Label("Columns")
  @Description("Words of a row; 1 where rows differ in length")
  int columns;

  @Label("Bytes")
  @DataAmount
  long bytes;

  /** Writes an event. */
  static void write(String product, long rows, int columns) {
    ProductEvent event = new ProductEvent();
    if (event.shouldCommit()) {
      event.product = product;
      event.rows = rows;
      event.columns = columns;
      event.bytes = 4 * rows * columns;
      event.commit();
    }
  }
}
