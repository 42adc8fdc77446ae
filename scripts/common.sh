# What the scripts share: words for the user, root's rights, the cache. Sourced, not run.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Where downloads and built guests are kept between runs.
pvh_cache() { printf '%s\n' "${PVH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/pvh}"; }

# unpack_module FILE OUT: a kernel's module, uncompressed. insmod and busybox do not read every compression.
unpack_module() {
  case $1 in
    *.ko) cp "$1" "$2" ;;
    *.ko.gz) gzip -dc "$1" >"$2" ;;
    *.ko.xz) busybox xzcat "$1" >"$2" ;;
    *.ko.zst)
      command -v zstd >/dev/null || die "$1 needs zstd, which is not installed: apt-get install zstd"
      zstd -q -dc "$1" >"$2"
      ;;
    *) die "$1: this compression is not supported" ;;
  esac
}

# Runs a command as root, by sudo where we are not.
as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- env DEBIAN_FRONTEND=noninteractive "$@"
  else
    die "'$*' needs root's rights, and there is no sudo: run it as root, then try again"
  fi
}

# Runs apt-get as root; what it prints is shown only where it fails. Tried twice: another apt may hold the lists, and networks hiccup.
apt_get() {
  command -v apt-get >/dev/null || die "this is not a Debian (no apt-get): see README.md for what pvh needs"
  local log attempt
  log=$(mktemp)
  for attempt in 1 2; do
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 "$@" \
        >"$log" 2>&1 </dev/null; then
      rm -f "$log"
      return 0
    fi
    [[ $attempt == 2 ]] || sleep 10
  done
  cat "$log" >&2
  rm -f "$log"
  return 1
}
