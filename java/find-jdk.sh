# SPDX-License-Identifier: Apache-2.0
# Finds a JDK. Sourced by ./mvnw and ./memtrace; POSIX sh. Starts no JVM: it reads the file "release" that every JDK has.
#
#   find_jdk 25      sets FOUND_JDK to the home of a JDK 25 or later; fails if there is none
#   explain_jdk 25   says on standard error what is missing and how to get it
#
# Order: JAVA_HOME, the java on PATH, then the highest version in the usual folders.

# Sets JDK_FEATURE to the major version of the JDK in $1, and JDK_RANK to a number that orders versions; fails if $1 is no JDK.
read_jdk_() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  JDK_VERSION_=
  while IFS='=' read -r JDK_KEY_ JDK_VALUE_; do
    case $JDK_KEY_ in
      JAVA_VERSION) JDK_VERSION_=${JDK_VALUE_#\"} ;;
    esac
  done <"$1/release"
  JDK_VERSION_=${JDK_VERSION_%%[!0-9.]*}
  JDK_FEATURE=${JDK_VERSION_%%.*}
  case $JDK_FEATURE in '' | 0*) return 1 ;; esac
  JDK_MINOR_=0
  JDK_PATCH_=0
  case $JDK_VERSION_ in
    *.*.*)
      JDK_MINOR_=${JDK_VERSION_#*.}
      JDK_PATCH_=${JDK_MINOR_#*.}
      JDK_MINOR_=${JDK_MINOR_%%.*}
      JDK_PATCH_=${JDK_PATCH_%%.*}
      ;;
  esac
  JDK_RANK=$((JDK_FEATURE * 1000000 + ${JDK_MINOR_:-0} * 1000 + ${JDK_PATCH_:-0}))
}

# Prints the file that $1 is after all symbolic links.
follow_links() {
  LINK_PATH_=$1
  while [ -h "$LINK_PATH_" ]; do
    LINK_TARGET_=$(readlink "$LINK_PATH_")
    case $LINK_TARGET_ in
      /*) LINK_PATH_=$LINK_TARGET_ ;;
      *) LINK_PATH_=$(dirname "$LINK_PATH_")/$LINK_TARGET_ ;;
    esac
  done
  printf '%s\n' "$LINK_PATH_"
}

find_jdk() {
  FOUND_JDK=
  if [ -n "${JAVA_HOME:-}" ] && read_jdk_ "$JAVA_HOME" && [ "$JDK_FEATURE" -ge "$1" ]; then
    FOUND_JDK=$JAVA_HOME
    return 0
  fi

  JDK_HOME_=$(command -v java) || JDK_HOME_=
  if [ -n "$JDK_HOME_" ]; then
    JDK_HOME_=$(follow_links "$JDK_HOME_")
    JDK_HOME_=$(dirname "$(dirname "$JDK_HOME_")")
    if read_jdk_ "$JDK_HOME_" && [ "$JDK_FEATURE" -ge "$1" ]; then
      FOUND_JDK=$JDK_HOME_
      return 0
    fi
  fi

  JDK_BEST_=0
  for JDK_HOME_ in \
    /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/*jdk* /opt/* /opt/java/* /opt/jdk/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    "${HOME:-/nonexistent}"/.sdkman/candidates/java/* \
    "${HOME:-/nonexistent}"/.jdks/* \
    "${HOME:-/nonexistent}"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if read_jdk_ "$JDK_HOME_" && [ "$JDK_FEATURE" -ge "$1" ] && [ "$JDK_RANK" -gt "$JDK_BEST_" ]; then
      JDK_BEST_=$JDK_RANK
      FOUND_JDK=$JDK_HOME_
    fi
  done
  [ -n "$FOUND_JDK" ]
}

explain_jdk() {
  cat >&2 <<EXPLAIN
${0##*/}: no JDK $1 or later found.
  Looked at JAVA_HOME (${JAVA_HOME:-not set}), at java on PATH ($(command -v java || echo none)), and in /usr/lib/jvm,
  /opt, /Library/Java/JavaVirtualMachines, ~/.sdkman/candidates/java and ~/.jdks.
  To get one:
    Debian, Ubuntu   apt-get install openjdk-$1-jdk-headless   (or temurin-$1-jdk)
    Fedora           dnf install java-$1-openjdk-devel
    macOS            brew install openjdk@$1
    anywhere         SDKMAN!: sdk install java $1-tem
  A JDK in another folder: set JAVA_HOME to it.
EXPLAIN
}
