#!/usr/bin/env bash
# Builds the Debian package of a release binary with dpkg-deb alone:
#   cargo build --release --locked --package ml-connector && deploy/build-deb.sh
# Options: --binary FILE (target/release/ml-connector), --out FOLDER (target/debian).
set -euo pipefail
cd "$(dirname "$0")/.."
binary=target/release/ml-connector
out=target/debian
while [ $# -gt 0 ]; do
  case "$1" in
    --binary) binary=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
done
[ -x "$binary" ] || { echo "$binary is not there; build it first" >&2; exit 1; }

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
arch=$(dpkg --print-architecture)
root=$(mktemp -d)
chmod 0755 "$root"
trap 'rm -rf "$root"' EXIT

install -D -m 0755 "$binary" "$root/usr/bin/ml-connector"
if command -v strip >/dev/null; then
  strip --strip-unneeded "$root/usr/bin/ml-connector" 2>/dev/null || true
fi
for unit in ml-connector ml-connector-worker; do
  install -D -m 0644 "deploy/$unit.service" "$root/usr/lib/systemd/system/$unit.service"
done
install -D -m 0644 deploy/debian/ml-connector.toml "$root/etc/ml-connector/ml-connector.toml"
for file in docs/*.md config.default.toml CHANGELOG.md; do
  install -D -m 0644 "$file" "$root/usr/share/doc/ml-connector/$(basename "$file")"
done
install -D -m 0644 examples/flows/expenses.toml "$root/usr/share/doc/ml-connector/examples/expenses.toml"

# The newest glibc symbol that the binary asks for.
glibc=$( (objdump -T "$root/usr/bin/ml-connector" 2>/dev/null || true) |
  grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -V | tail -n 1)
size=$(du -sk "$root" | cut -f1)
install -d "$root/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" -e "s/@GLIBC@/${glibc:-2.31}/" \
  deploy/debian/control >"$root/DEBIAN/control"
for script in postinst prerm postrm; do
  install -m 0755 "deploy/debian/$script" "$root/DEBIAN/$script"
done
echo /etc/ml-connector/ml-connector.toml >"$root/DEBIAN/conffiles"

mkdir -p "$out"
package="$out/ml-connector_${version}_${arch}.deb"
dpkg-deb --root-owner-group --build "$root" "$package" >/dev/null
echo "$package"
