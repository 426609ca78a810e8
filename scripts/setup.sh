# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What ./quickstart and ./runtests share: finding and installing missing packages, and building out of tree.

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
die() { # STATUS MESSAGE...
	local status=$1
	shift
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit "$status"
}

setup_jobs() { nproc 2>/dev/null || echo 1; }

# Debian and its children; anything else gets a list.
setup_has_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

setup_installed() { # PACKAGE
	[ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c 2)" = i ]
}

# The given packages that are not there. "a|b" is satisfied by either, and asks for a.
setup_missing() {
	local want alt found
	for want in "$@"; do
		found=
		for alt in ${want//|/ }; do
			setup_installed "$alt" && found=1
		done
		[ -n "$found" ] || echo "${want%%|*}"
	done
}

setup_sudo() {
	if [ "$(id -u)" -eq 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	elif command -v sudo >/dev/null; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		die 2 "installing needs root and there is no sudo; as root run: $*"
	fi
}

setup_has_candidates() { # PACKAGE...: apt knows each of them
	local p
	for p in "$@"; do
		apt-cache policy "$p" 2>/dev/null | grep -q 'Candidate: [^(]' || return 1
	done
}

setup_apt_install() {
	setup_sudo apt-get install -y -q --no-install-recommends "$@" </dev/null
}

# setup_install YES PACKAGE...: YES non-empty does not ask. The lists are refreshed only where apt does not know a package
# or cannot fetch what it knows.
setup_install() {
	local yes=$1 answer
	shift
	say "missing packages: $*"
	if [ -z "$yes" ]; then
		[ -t 0 ] || die 2 "packages are missing and nobody is there to ask: use --yes to install them"
		read -r -p "install them with apt-get? [Y/n] " answer
		case $answer in '' | [yY]*) ;; *) die 2 "nothing installed" ;; esac
	fi
	if ! setup_has_candidates "$@"; then
		say "refreshing the package lists"
		setup_sudo apt-get update -q </dev/null || die 2 "apt-get update failed"
		setup_has_candidates "$@" || say "not every package is known to apt here; trying all the same"
	fi
	setup_apt_install "$@" && return
	say "that failed; once more with fresh package lists"
	setup_sudo apt-get update -q </dev/null || die 2 "apt-get update failed"
	setup_apt_install "$@" || die 2 "apt-get install failed"
}

# Run autoreconf in the tree where configure is older than what it is made from.
setup_autoreconf() { # TOP
	local f
	[ -e "$1/config.status" ] &&
		die 2 "the source directory is configured for a build in place; run 'make distclean' there first"
	for f in configure Makefile.in build-aux/tap-driver.sh; do
		[ -e "$1/$f" ] || { (cd "$1" && autoreconf -fi); return; }
	done
	[ "$1/configure" -nt "$1/configure.ac" ] && [ "$1/Makefile.in" -nt "$1/Makefile.am" ] && return 0
	(cd "$1" && autoreconf -fi)
}

# setup_configure TOP DIR FLAGS...: configure into DIR, unless it already is with the same flags.
setup_configure() {
	local top=$1 dir=$2 stamp
	shift 2
	stamp="$* ${CC:-}"
	mkdir -p "$dir"
	if [ "$dir/config.status" -nt "$top/configure" ] && [ "$(cat "$dir/configured-with" 2>/dev/null)" = "$stamp" ]; then
		return 0
	fi
	rm -f "$dir/configured-with"
	if [ -e "$dir/Makefile" ]; then make -C "$dir" -s clean >/dev/null 2>&1; fi
	(cd "$dir" && "$top/configure" -q "$@") && printf '%s' "$stamp" >"$dir/configured-with"
}
