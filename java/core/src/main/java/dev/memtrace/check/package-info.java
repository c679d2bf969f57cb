// SPDX-License-Identifier: Apache-2.0
/**
 * Says whether the products of a segment are right without a prover: every constraint and every bus
 * of every AIR, records against the log and a flat memory, roots. Trusts no backend and shares
 * nothing with one but the declarations of the AIRs.
 */
@NullMarked
package dev.memtrace.check;

import org.jspecify.annotations.NullMarked;
