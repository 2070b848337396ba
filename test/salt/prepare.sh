# shellcheck shell=bash disable=SC2034
# Sourced by run and makina, in the checkout's folder: what both need. Sets cache, base, python, tar.
# MAKINA_CACHE: another cache than .cache/salt.
here=test/salt
cache=${MAKINA_CACHE:-$PWD/.cache/salt}
base=$cache/base
tar=

# need COMMAND PACKAGE: installs PACKAGE if COMMAND fails.
need() {
  if ! eval "$1" > /dev/null 2>&1; then
    [ "$(id -u)" = 0 ] || { echo "$here: please install $2" >&2; exit 1; }
    apt-get install -qq -y --no-install-recommends "$2" > /dev/null ||
      { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$2" > /dev/null; }
  fi
}

# venv NAME [--build FILE] FILE...: (re)makes a virtual environment unless it was made from these files.
venv() {
  local name=$1 build=() venv=$cache/venvs/$1 key requirements=()
  shift
  if [ "$1" = --build ]; then build=("$2"); shift 2; fi
  key=$(cat "$@" "${build[@]}" "$here/prepare.sh" | sha256sum; "$python" -VV; echo "$venv")
  [ "$(cat "$venv/made-from" 2> /dev/null)" != "$key" ] || return 0
  echo "making the virtual environment $name"
  for file in "$@"; do requirements+=(-r "$file"); done
  rm -rf "$venv"
  "$python" -m venv "$venv"
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check -q)
  if [ ${#build[@]} -gt 0 ]; then
    "${pip[@]}" install --no-deps --require-hashes -r "${build[0]}"
    "${pip[@]}" install --no-deps --require-hashes --no-build-isolation "${requirements[@]}"
    "${pip[@]}" uninstall -y importlib-metadata setuptools wheel zipp
  else
    "${pip[@]}" install --no-deps --require-hashes "${requirements[@]}"
  fi
  echo "$key" > "$venv/made-from"
}

# debian_root: makes the Debian root, once; its path is in tar.
debian_root() {
  need "mmdebstrap --version" mmdebstrap
  tar=$cache/root-$(sha256sum < "$here/root" | cut -c 1-16).tar
  [ -e "$tar" ] || { echo "making a Debian root"; rm -f "$cache"/root-*; "$here/root" "$tar"; }
}

# Debian's own Python where it is 3.11, so that the virtual environments also work in the Debian root.
python=/usr/bin/python3
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null || python=$(command -v python3.11) ||
  { echo "$here: needs Python 3.11" >&2; exit 1; }
need "$python -m ensurepip --version" python3-venv
mkdir -p "$cache"
[ -e dist/makina-image.cjs ] || npm run --silent build
