# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Where the source of the guest kernel comes from, and its unpacked tree in the cache.

# A name for the file system, of what somebody else named.
source_clean() { tr -c 'A-Za-z0-9.+~_\n-' _ | sed 's/^[0-9]*_//'; }

# source_deb_version FILE: the version of a linux-source package, fetched or given.
source_deb_version() {
	local name version
	read -r name version < <(dpkg-deb -W --showformat '${Package} ${Version}\n' "$1" 2>/dev/null)
	case $name in
	linux-source*) echo "$version" | source_clean ;;
	*) die 1 "$1 is no linux-source package" ;;
	esac
}

# source_got SUITE: the version that tests/vm/get unpacked, if it did.
source_got() {
	local dir=$cache/get/source-$1
	[ -e "$dir/complete" ] && sed -n 's/^linux-source-[^_]*_\(.*\)_[a-z0-9]*\.deb$/\1/p' "$dir/packages" | sed 's/%3a/_/' | source_clean
}

# source_look: judges --source; sets source_id where that is on this machine already.
source_look() {
	if [ -d "$source_arg" ]; then
		[ -f "$source_arg/Kbuild" ] && [ -f "$source_arg/Makefile" ] || die 1 "$source_arg is no kernel tree"
		source_id=dir-$(cd "$source_arg" && find . -name .git -prune -o -type f -printf '%P %s %T@\n' | sort | cksum | cut -d' ' -f1)
	elif [ -f "$source_arg" ]; then
		case $source_arg in
		*.deb) source_id=$(source_deb_version "$source_arg") || exit 1 ;;
		*) source_id=file-$(basename "$source_arg" | source_clean)-$(cksum <"$source_arg" | cut -d' ' -f1) ;;
		esac
	else
		case $source_arg in
		*[!a-z0-9-]*) die 1 "no source at $source_arg" "a Debian suite, a tarball, a linux-source package or a tree" ;;
		esac
		source_id=$(source_got "$source_arg")
	fi
}

# source_newest: prints the newest version within reach and its suite.
source_newest() {
	local group suite version
	for group in "trixie-backports sid" "trixie bookworm-backports" "bookworm"; do
		say "looking for the newest kernel source: $group"
		for suite in $group; do
			version=$("$here/get" -q --newest source "$suite" 2>>"$work/get.err") && [ -n "$version" ] || continue
			say "  $suite has $version"
			echo "$version $suite"
		done >"$work/suites"
		[ ! -s "$work/suites" ] || break
	done
	sort -V "$work/suites" | tail -n 1
}

# source_from_suite SUITE: fetches it; sets source_id and source_path.
source_from_suite() {
	compile_space 3300
	source_path=$("$here/get" ${quiet:+-q} ${refresh:+--refresh} source "$1") || exit 1
	source_id=$(source_got "$1")
	[ -n "$source_id" ] || die 1 "what came from $1 has no version"
}

# source_find: sets source_id, and source_path: a tarball, package or tree, or nothing if the tree in the cache will do.
source_find() {
	local newest suite
	source_path=
	if [ -n "$source_arg" ] && [ -e "$source_arg" ]; then
		source_path=$source_arg
	elif [ -n "$source_arg" ]; then
		source_from_suite "$source_arg"
	else
		newest=$(compgen -G "$store/tree-[0-9]*[0-9]" | sort -V | tail -n 1)
		if [ -n "$newest" ] && [ -z "$refresh" ]; then
			source_id=${newest#"$store/tree-"}
			return
		fi
		read -r newest suite < <(source_newest)
		[ -n "$suite" ] || {
			tail -n 3 "$work/get.err" >&2
			die 1 "no kernel source within reach" "$me --source TARBALL takes one from kernel.org or elsewhere"
		}
		source_id=$(source_clean <<<"$newest")
		[ -d "$store/tree-$source_id" ] || source_from_suite "$suite"
	fi
}

# source_tree: $tree holds the source, unpacked or copied if it is not there yet.
source_tree() {
	local inner=$source_path
	[ ! -d "$tree" ] || return 0
	compile_space 3000
	rm -rf "$tree.new"
	mkdir "$tree.new" || die 1 "cannot create $tree.new"
	if [ -d "$source_path" ]; then
		say "copying $source_path"
		(cd "$source_path" && tar -c --exclude=./.git .) | tar -x -C "$tree.new" || die 1 "cannot copy $source_path"
		make -C "$tree.new" -s ARCH=x86 mrproper >"$work/mrproper" 2>&1 || die 1 "$source_path cannot be cleaned: $(tail -n 1 "$work/mrproper")"
	else
		case $source_path in
		*.deb)
			dpkg-deb -x "$source_path" "$work/deb" || die 1 "cannot unpack $source_path"
			inner=$(ls "$work"/deb/usr/src/linux-source-*.tar.* 2>/dev/null | head -n 1)
			[ -n "$inner" ] || die 1 "no tarball in $source_path"
			;;
		esac
		say "unpacking $(basename "$inner")"
		tar -x --strip-components=1 -f "$inner" -C "$tree.new" 2>"$work/tar" || die 1 "cannot unpack $inner: $(tail -n 1 "$work/tar")"
		[ -f "$tree.new/Kbuild" ] || die 1 "there is no kernel in $source_path"
	fi
	mv "$tree.new" "$tree" || die 1 "cannot move $tree.new"
}
