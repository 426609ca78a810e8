# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Configures and compiles the tree of the guest kernel, tells how far it is, and keeps the result.

# A make command for each; of the libraries, their headers.
readonly compile_needs='flex:flex bison:bison bc:bc gcc:gcc make:make ld:binutils xz:xz-utils perl:perl'
# Lines that make prints when everything is compiled, of Linux 7.3.
readonly compile_lines=2300

compile_tools() {
	local need missing=()
	[ "$(uname -m)" = x86_64 ] || die 1 "the guest kernel is built on x86-64 only, and this is $(uname -m)"
	for need in $compile_needs; do
		command -v "${need%%:*}" >/dev/null || missing+=("${need#*:}")
	done
	if command -v gcc >/dev/null; then
		gcc -E - <<<'#include <libelf.h>' >/dev/null 2>&1 || missing+=(libelf-dev)
		gcc -E - <<<'#include <openssl/opensslv.h>' >/dev/null 2>&1 || missing+=(libssl-dev)
	fi
	[ ${#missing[@]} -eq 0 ] || die 1 "missing to build a kernel: ${missing[*]}" "apt-get install ${missing[*]}"
}

# compile_space MB: refuses where the cache has less room.
compile_space() {
	local free
	free=$(df -Pm "$store" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] || die 1 "$store has $free MB free, and this needs $1" "set IOMMUCTL_CACHE to a folder with more room, or try $me --clean"
}

# compile_expected: says in words what is about to happen.
compile_expected() {
	if [ ! -e "$tree/vmlinux" ]; then
		echo "5 to 12 minutes on 2 processors, 2.2 GB below $store"
	elif [ -n "$mutant" ]; then
		echo "about half a minute, from the objects in $tree"
	else
		echo "up to 12 minutes, from the objects in $tree"
	fi
}

# compile_run ARGS...: make in the tree, free of whatever make may have started us.
compile_run() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u KBUILD_OUTPUT -u CFLAGS -u LDFLAGS -u CC \
		make -C "$tree" ARCH=x86 LOCALVERSION="$label" "$@"
}

# compile_refused: judges .config by what was asked for; an option that this release does not have is only told.
compile_refused() {
	local line name refused=()
	grep -rhoE --include='Kconfig*' '^[[:space:]]*(menu)?config [A-Z0-9a-z_]+' "$tree" | awk '{ print $2 }' | sort -u >"$work/options"
	while IFS= read -r line; do
		case $line in
		CONFIG_*=*) name=${line%%=*} && ! grep -qxF -- "$line" "$tree/.config" || continue ;;
		'# CONFIG_'*' is not set') name=${line#\# } && name=${name%% *} && grep -q "^$name=" "$tree/.config" || continue ;;
		*) continue ;;
		esac
		if grep -qxF "${name#CONFIG_}" "$work/options"; then
			refused+=("$line")
		else
			say "note: Linux $source_id has no $name"
		fi
	done <"$config"
	[ ${#refused[@]} -eq 0 ] || {
		printf '  %s\n' "${refused[@]}" >&2
		die 1 "the configuration was refused: ${#refused[@]} of its lines did not take, something they depend on is missing"
	}
}

# compile_configure: .config from tinyconfig and ours, unless it is that already.
compile_configure() {
	local stamp=$tree/.iommuctl-configured sum
	sum=$(cksum <"$config")
	[ ! -e "$stamp" ] || [ "$(cat "$stamp")" != "$sum" ] || return 0
	rm -f "$stamp"
	{
		compile_run tinyconfig && (cd "$tree" && KCONFIG_CONFIG=.config sh scripts/kconfig/merge_config.sh -m .config "$config") &&
			compile_run olddefconfig
	} </dev/null >"$work/configure" 2>&1 || {
		tail -n 10 "$work/configure" >&2
		die 1 "the source cannot be configured"
	}
	compile_refused
	echo "$sum" >"$stamp"
}

# compile_progress LOG: reads make's lines, tells how far it is: on a terminal all the time, else every 30 seconds.
compile_progress() {
	local line n=0 told=$SECONDS total=$1 shown
	while true; do
		if IFS= read -r -t 5 line; then
			printf '%s\n' "$line"
			n=$((n + 1))
		elif [ $? -gt 128 ]; then
			printf %s "$line" # a line that is not complete after 5 s
		else
			break
		fi
		[ -z "$quiet" ] || continue
		shown="$n files"
		[ "$total" -eq 0 ] || shown="$shown, about $((n * 100 / (n > total ? n : total))) %"
		if [ -t 2 ]; then
			[ $((n % 8)) -ne 0 ] || printf '\r%s: %s, %d s ' "$me" "$shown" $((SECONDS - compile_begin)) >&2
		elif [ $((SECONDS - told)) -ge 30 ]; then
			say "$shown, $((SECONDS - compile_begin)) s"
			told=$SECONDS
		fi
	done
	[ ! -t 2 ] || [ -n "$quiet" ] || printf '\r\033[K' >&2
}

# compile_make: the image. make has a session of its own, so that whoever ends us ends all of it, and in order.
compile_make() {
	local total=0 status
	compile_space 800
	[ -e "$tree/vmlinux" ] || total=$compile_lines
	compile_begin=$SECONDS
	mkfifo "$work/make" || exit 1
	compile_run_alone >"$work/make" 2>&1 &
	make_pid=$!
	compile_progress $total <"$work/make" >"$work/log"
	wait $make_pid
	status=$?
	make_pid=
	rm -f "$work/make"
	if [ $status -ne 0 ]; then
		cp "$work/log" "$store/failed.log"
		grep -E '(error|Error|\*\*\*)' "$work/log" | head -n 10 >&2
		die 1 "the kernel does not compile" "all of make's output: $store/failed.log"
	fi
	say "compiled in $((SECONDS - compile_begin)) s"
}

# compile_idle: this process and its children run when nobody else would.
compile_idle() {
	chrt -i -p 0 $$ 2>/dev/null
	renice -n 19 -p $$ >/dev/null 2>&1
	compile_session='echo 19 >/proc/self/autogroup'
}

# What is done first in the session that make has: with autogroups (sched(7)), priorities hold within a session only.
compile_session=:
compile_run_alone() {
	# exec keeps the pid, and so the process group of setsid
	exec env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u KBUILD_OUTPUT -u CFLAGS -u LDFLAGS -u CC \
		setsid sh -c "{ $compile_session; } 2>/dev/null; exec \"\$@\"" make make -C "$tree" ARCH=x86 LOCALVERSION="$label" -j"$(nproc 2>/dev/null || echo 2)" bzImage </dev/null
}

# compile_keep: what a guest boots, moved into the cache in one step; sets image.
compile_keep() {
	local release
	release=$(cat "$tree/include/config/kernel.release") || die 1 "the kernel has no release"
	image=$store/image-$source_id$label-$key
	rm -rf "$image.new"
	mkdir -p "$image.new/boot" && cp "$tree/arch/x86/boot/bzImage" "$image.new/boot/vmlinuz-$release" &&
		cp "$tree/.config" "$image.new/boot/config-$release" && echo "$source_id" >"$image.new/source" || die 1 "cannot write $image.new"
	mv "$image.new" "$image" || die 1 "cannot move $image.new"
}
