// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.bundle.Product;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option {@code --products}. */
final class ProductsOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  private final Set<Product> products = EnumSet.noneOf(Product.class);

  @Option(
      names = "--products",
      paramLabel = "LIST",
      split = ",",
      description = {
        "What to write, separated by commas: airs, records, aux, range_counts, final, poseidon2"
            + " (default: all of them)."
      })
  void setProducts(String[] labels) {
    for (String label : labels) {
      try {
        products.add(Product.of(label.strip()));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(command.commandLine(), "--products: " + e.getMessage(), e);
      }
    }
  }

  /** What to write: all if nothing was asked for. */
  Set<Product> wanted() {
    return products.isEmpty() ? Product.all() : products;
  }
}
