#!/usr/bin/env bash
# Brings what pip can't: tools/setup.sh bwrap chromium venv
#
#   bwrap     bubblewrap, the wall between student code and everything else
#   chromium  a browser, for the tests that open pages in one
#   venv      Python's own venv module, which Debian and Ubuntu package apart
#
# What is there already costs a look-up. What is missing is installed where this may be done (as
# root or through sudo, on Debian, Ubuntu and Fedora); elsewhere the one line to type is printed,
# and the set-up goes on: the command that can't do without will say so itself.
set -euo pipefail

is_there() {
    case $1 in
        bwrap) command -v bwrap >/dev/null ;;
        chromium) command -v chromium chromium-browser google-chrome >/dev/null ;;
        venv) "${PYTHON:-python3}" -c 'import venv, ensurepip' 2>/dev/null ;;
        *) echo "error: unknown: $1. Known: bwrap, chromium, venv." >&2; exit 2 ;;
    esac
}

# The system's name of a package: what, then the system's id.
package() {
    case $1:$2 in
        bwrap:*) echo bubblewrap ;;
        chromium:ubuntu) echo chromium-browser ;;
        chromium:*) echo chromium ;;
        venv:fedora) echo python3 ;;
        venv:*) echo python3-venv ;;
    esac
}

system_id() {
    # shellcheck disable=SC1091
    . /etc/os-release 2>/dev/null || true
    for id in ${ID:-} ${ID_LIKE:-}; do
        case $id in debian | ubuntu | fedora) echo "$id"; return ;; esac
    done
    echo other
}

# How to become root: nothing as root, `sudo`, or `no`.
rights() {
    if [ "$(id -u)" = 0 ]; then
        echo ""
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        echo "sudo"
    else
        echo "no"
    fi
}

missing=()
for what in "$@"; do
    is_there "$what" || missing+=("$what")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

system=$(system_id)
packages=()
for what in "${missing[@]}"; do
    packages+=("$(package "$what" "$system")")
done
case $system in
    debian | ubuntu) line="apt-get install -y ${packages[*]}" ;;
    fedora) line="dnf install -y ${packages[*]}" ;;
    *)
        echo "note: this machine lacks ${packages[*]}. Install it with your system's package manager." >&2
        exit 0
        ;;
esac

root=$(rights)
if [ "$root" = no ]; then
    echo "note: this machine lacks ${packages[*]}. Somebody who may should type: sudo $line" >&2
    exit 0
fi
echo "Installing ${packages[*]}: ${root:+sudo }$line"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ "$system" != fedora ]; then
    # On a fresh machine the package lists are empty.
    $root apt-get update >"$log" 2>&1 || true
fi
if ! $root env DEBIAN_FRONTEND=noninteractive $line >>"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    echo "note: that failed. Somebody who may should type: sudo $line" >&2
fi
