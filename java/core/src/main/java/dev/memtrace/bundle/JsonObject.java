// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.bundle;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A JSON object of a file, whose members are taken out by type with errors that name the place. */
final class JsonObject {
  private static final JsonFactory FACTORY =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private static final Object NULL = new Object();

  private final String where;
  private final Map<String, Object> members;

  private JsonObject(String where, Map<String, Object> members) {
    this.where = where;
    this.members = members;
  }

  /** Reads a file that holds exactly one object. */
  static JsonObject parse(byte[] json, String file) {
    try (JsonParser parser = FACTORY.createParser(json)) {
      parser.nextToken();
      Object value = value(parser);
      JsonObject object = cast(file + ": ", "the file", value);
      if (parser.nextToken() != null) {
        throw new BundleException(
            file + ": something follows the object that is the manifest; remove it");
      }
      return object;
    } catch (JsonParseException e) {
      throw new BundleException(
          "%s: line %d, column %d: %s"
              .formatted(
                  file,
                  e.getLocation().getLineNr(),
                  e.getLocation().getColumnNr(),
                  e.getOriginalMessage()),
          e);
    } catch (IOException e) {
      throw new BundleException(file + ": is no JSON: " + BundleFormat.reason(e), e);
    }
  }

  private static Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new JsonParseException(parser, "the text ends where a value must be");
    }
    return switch (token) {
      case START_OBJECT -> {
        Map<String, Object> object = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String key = parser.currentName();
          parser.nextToken();
          object.put(key, value(parser));
        }
        yield object;
      }
      case START_ARRAY -> {
        List<Object> array = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(value(parser));
        }
        yield array;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> parser.getBigIntegerValue();
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> NULL;
    };
  }

  @SuppressWarnings("unchecked") // only value() makes maps
  private static JsonObject cast(String where, String name, Object value) {
    if (!(value instanceof Map)) {
      throw new BundleException(where + name + " is " + describe(value) + "; it must be an object");
    }
    return new JsonObject(where, (Map<String, Object>) value);
  }

  private static String describe(Object value) {
    return switch (value) {
      case String s -> '"' + (s.length() > 80 ? s.substring(0, 80) + "..." : s) + '"';
      case Map<?, ?> map -> "an object";
      case List<?> list -> "an array";
      default -> value == NULL ? "null" : value.toString();
    };
  }

  private Object required(String key) {
    Object value = members.get(key);
    if (value == null) {
      throw new BundleException(where + key + " is missing; it is required");
    }
    return value;
  }

  /** Whether the key is there with a value other than null. */
  boolean has(String key) {
    Object value = members.get(key);
    return value != null && value != NULL;
  }

  void requireOnly(Set<String> known) {
    for (String key : members.keySet()) {
      if (!known.contains(key)) {
        throw new BundleException(
            where
                + key
                + " is unknown; the keys are "
                + String.join(", ", known.stream().sorted().toList()));
      }
    }
  }

  JsonObject object(String key) {
    JsonObject inner = cast(where, key, required(key));
    return new JsonObject(where + key + ".", inner.members);
  }

  @Nullable JsonObject optionalObject(String key) {
    return members.containsKey(key) ? object(key) : null;
  }

  String string(String key) {
    Object value = required(key);
    if (value instanceof String s) {
      return s;
    }
    throw new BundleException(where + key + " is " + describe(value) + "; it must be a string");
  }

  long integer(String key, long min, long max) {
    return integer(where + key, required(key), min, max);
  }

  long integer(String key, long min, long max, long ifAbsent) {
    return members.containsKey(key) ? integer(key, min, max) : ifAbsent;
  }

  private static long integer(String place, Object value, long min, long max) {
    if (!(value instanceof BigInteger number)) {
      throw new BundleException(place + " is " + describe(value) + "; it must be an integer");
    }
    if (number.compareTo(BigInteger.valueOf(min)) < 0
        || number.compareTo(BigInteger.valueOf(max)) > 0) {
      String text = number.bitLength() > 256 ? "a number of many digits" : number.toString();
      throw new BundleException(place + " is " + text + "; it must be " + min + " to " + max);
    }
    return number.longValueExact();
  }

  private List<?> array(String key) {
    Object value = required(key);
    if (value instanceof List<?> list) {
      return list;
    }
    throw new BundleException(where + key + " is " + describe(value) + "; it must be an array");
  }

  List<JsonObject> objects(String key) {
    List<JsonObject> objects = new ArrayList<>();
    for (Object element : array(key)) {
      String place = key + "[" + objects.size() + "]";
      JsonObject inner = cast(where, place, element);
      objects.add(new JsonObject(where + place + ".", inner.members));
    }
    return objects;
  }

  List<Integer> integers(String key, int max) {
    if (!members.containsKey(key)) {
      return List.of();
    }
    List<Integer> numbers = new ArrayList<>();
    for (Object element : array(key)) {
      numbers.add((int) integer(where + key + "[" + numbers.size() + "]", element, 0, max));
    }
    return numbers;
  }

  /** The place of a member, for messages. */
  String place(String key) {
    return where + key;
  }
}
