// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** A part of an output bundle that can be left out. */
public enum Product {
  /** The memory traces, {@code air_NN.bin}. */
  AIRS,
  /** One record per access, {@code records.bin}. */
  RECORDS,
  /** The auxiliary columns of every access, {@code aux.bin}. */
  AUX,
  /** Range checker multiplicities, {@code range_counts.bin}, {@code range_counts_with_aux.bin}. */
  RANGE_COUNTS,
  /** Memory after the last access, {@code final.bin}. */
  FINAL,
  /** Poseidon2 inputs and traces, {@code poseidon2_*.bin}; nothing in volatile mode. */
  POSEIDON2;

  /**
   * Returns the name that {@code --products} takes.
   *
   * @return the name in lower case
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Finds a product by its label.
   *
   * @param label a label
   * @return the product
   * @throws IllegalArgumentException if there is none, naming all labels
   */
  public static Product of(String label) {
    for (Product product : values()) {
      if (product.label().equals(label)) {
        return product;
      }
    }
    throw new IllegalArgumentException(
        "there is no product '"
            + label
            + "'; there are "
            + String.join(", ", all().stream().map(Product::label).toList()));
  }

  /**
   * Returns all products.
   *
   * @return a new set
   */
  public static Set<Product> all() {
    return EnumSet.allOf(Product.class);
  }
}
