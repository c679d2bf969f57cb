// SPDX-License-Identifier: Apache-2.0
// Parses a JSON text and prints what is in it: the input, or a document of its own if there is none.
#include "runtime/guest.h"

enum { MOST_BYTES = 1 << 16, MOST_DEPTH = 64 };

static const char own[] =
    "{\"title\": \"memory\", \"pages\": [4096, 8192, -12, 3.25e2],\n"
    " \"spaces\": {\"registers\": 1, \"memory\": 2, \"native\": null},\n"
    " \"flags\": [true, false, true, [[], {}, [[\"deep\"]]]],\n"
    " \"text\": \"line\\nquote \\\"\\u00e9\\\" end\",\n"
    " \"log\": [[0, 1, 8, 4], [1, 2, 16, 2], [2, 5], [0, 0, 77, 1]]}";

static char text[MOST_BYTES + 1];
static const char *at;

static struct {
  uint32_t objects, arrays, members, strings, characters, numbers, literals, depth;
  int32_t sum;
} found;

static int value(uint32_t depth);

static void blank(void) {
  while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
    at++;
  }
}

static int literal(const char *word) {
  for (; *word != 0; word++) {
    if (*at++ != *word) {
      return 0;
    }
  }
  found.literals++;
  return 1;
}

static int digits(void) {
  if (*at < '0' || *at > '9') {
    return 0;
  }
  while (*at >= '0' && *at <= '9') {
    at++;
  }
  return 1;
}

static int number(void) {
  int negative = *at == '-';
  at += negative;
  const char *first = at;
  if (!digits() || (*first == '0' && at - first > 1)) {
    return 0;
  }
  uint32_t whole = 0;
  for (const char *digit = first; digit < at; digit++) {
    whole = 10 * whole + (uint32_t)(*digit - '0');
  }
  if (*at == '.') {
    at++;
    if (!digits()) {
      return 0;
    }
  }
  if (*at == 'e' || *at == 'E') {
    at++;
    at += *at == '+' || *at == '-';
    if (!digits()) {
      return 0;
    }
  }
  found.numbers++;
  found.sum = (int32_t)((uint32_t)found.sum + (negative ? 0u - whole : whole));
  return 1;
}

static int is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int escape(void) {
  switch (*at++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return 1;
    case 'u':
      for (int i = 0; i < 4; i++) {
        if (!is_hexadecimal(*at++)) {
          return 0;
        }
      }
      return 1;
    default:
      return 0;
  }
}

static int string(void) {
  if (*at++ != '"') {
    return 0;
  }
  while (*at != '"') {
    unsigned char c = (unsigned char)*at++;
    if (c < ' ' || (c == '\\' && !escape())) {
      return 0;
    }
    found.characters++;
  }
  at++;
  found.strings++;
  return 1;
}

static int member(uint32_t depth) {
  blank();
  if (!string()) {
    return 0;
  }
  blank();
  if (*at++ != ':') {
    return 0;
  }
  found.members++;
  return value(depth);
}

// What is between a bracket, which was read, and its partner.
static int elements(char end, int (*element)(uint32_t), uint32_t depth) {
  blank();
  if (*at == end) {
    at++;
    return 1;
  }
  for (;;) {
    if (!element(depth)) {
      return 0;
    }
    blank();
    char c = *at++;
    if (c == end) {
      return 1;
    }
    if (c != ',') {
      return 0;
    }
  }
}

static int value(uint32_t depth) {
  if (depth > MOST_DEPTH) {
    return 0;
  }
  found.depth = depth > found.depth ? depth : found.depth;
  blank();
  switch (*at) {
    case '{':
      at++;
      found.objects++;
      return elements('}', member, depth + 1);
    case '[':
      at++;
      found.arrays++;
      return elements(']', value, depth + 1);
    case '"':
      return string();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
  }
}

static void count(const char *what, uint32_t n) {
  print(what);
  print_unsigned(n);
  print("\n");
}

int main(void) {
  size_t size = read_input(text, MOST_BYTES + 1);
  if (size > MOST_BYTES) {
    print("the text is too long\n");
    return 2;
  }
  text[size] = 0;
  at = size == 0 ? own : text;
  const char *begin = at;
  int good = value(0);
  blank();
  if (!good || *at != 0 || (size != 0 && at != text + size)) {
    count("no JSON, byte ", (uint32_t)(at - begin));
    return 1;
  }
  count("objects    ", found.objects);
  count("arrays     ", found.arrays);
  count("members    ", found.members);
  count("strings    ", found.strings);
  count("characters ", found.characters);
  count("numbers    ", found.numbers);
  count("literals   ", found.literals);
  count("depth      ", found.depth);
  print("sum        ");
  print_signed(found.sum);
  print("\n");
  return 0;
}
