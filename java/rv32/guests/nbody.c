// SPDX-License-Identifier: Apache-2.0
// Four bodies under gravity in fixed point with 16 fractional bits, by the leapfrog method.
#include "runtime/guest.h"

enum { BODIES = 4, STEPS = 40, ONE = 1 << 16 };

typedef int32_t fixed;

typedef struct {
  fixed position[3];
  fixed velocity[3];
  fixed mass;
} body;

static body bodies[BODIES] = {
    {{0, 0, 0}, {0, 0, 0}, 40 * ONE},
    {{5 * ONE, 0, 0}, {0, 3 * ONE - ONE / 6, 0}, ONE / 2},
    {{0, -8 * ONE, ONE}, {2 * ONE + ONE / 4, 0, 0}, ONE / 4},
    {{-12 * ONE, 2 * ONE, -ONE}, {0, -2 * ONE + ONE / 5, ONE / 8}, ONE / 3},
};

// The shift of a negative number is arithmetic in every compiler that this is for.
static fixed multiply(fixed x, fixed y) { return (fixed)((int64_t)x * y >> 16); }

static fixed divide(fixed x, fixed y) { return (fixed)((int64_t)x * ONE / y); }

// The square root of a number that is not negative, by Newton's method.
static fixed square_root(fixed x) {
  if (x <= 0) {
    return 0;
  }
  fixed root = x > ONE ? x : ONE;
  for (;;) {
    fixed better = (root + divide(x, root)) / 2;
    if (better >= root) {
      return root;
    }
    root = better;
  }
}

static void accelerate(fixed step) {
  for (int i = 0; i < BODIES; i++) {
    for (int j = i + 1; j < BODIES; j++) {
      fixed d[3];
      fixed square = ONE / 16;
      for (int k = 0; k < 3; k++) {
        d[k] = bodies[j].position[k] - bodies[i].position[k];
        square += multiply(d[k], d[k]);
      }
      fixed distance = square_root(square);
      fixed pull = divide(divide(step, square), distance);
      for (int k = 0; k < 3; k++) {
        fixed along = multiply(d[k], pull);
        bodies[i].velocity[k] += multiply(along, bodies[j].mass);
        bodies[j].velocity[k] -= multiply(along, bodies[i].mass);
      }
    }
  }
}

static void move(fixed step) {
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) {
      bodies[i].position[k] += multiply(bodies[i].velocity[k], step);
    }
  }
}

// The sum of all momenta along one axis, which gravity does not change but for rounding.
static fixed momentum(int axis) {
  fixed sum = 0;
  for (int i = 0; i < BODIES; i++) {
    sum += multiply(bodies[i].velocity[axis], bodies[i].mass);
  }
  return sum;
}

int main(void) {
  const fixed step = ONE / 20;
  fixed before = momentum(1);
  for (int i = 0; i < STEPS; i++) {
    move(step / 2);
    accelerate(step);
    move(step / 2);
  }
  for (int i = 0; i < BODIES; i++) {
    print("body ");
    print_unsigned((uint32_t)i);
    for (int k = 0; k < 3; k++) {
      print(" ");
      print_signed(bodies[i].position[k]);
    }
    print("\n");
  }
  fixed drift = momentum(1) - before;
  return drift > -ONE / 4 && drift < ONE / 4 ? 0 : 1;
}
