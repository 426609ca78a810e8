# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Bugs put into the guest kernel's source, one at a time, to prove that they are found. A mutant is a file in
# tests/vm/mutants:
#
#	about TEXT			what goes wrong
#	iommus NAME...			the IOMMUs of tests/vm/run that show it; none: compare cannot
#	options ARGS...			how compare is called
#	finds CLASS...			what it may call the bug; anything else is wrong
#	stress CLASS...			what stress may call it; unsaved:BACKEND: no script there can say it
#	always				not with runtests --long only: building and booting each takes minutes
#	edit FILE			one edit, in a file of the kernel
#	or FILE				instead of the edit before, where that does not apply: another release
#	in REGEX			the function, by its name
#	before|after|swap REGEX		the one line of it that matches; swap replaces what matches
#		TEXT			what is put there: lines that begin with a tab
#
# A line of the kernel is named by a pattern, not quoted with its surroundings, so that it is found in other releases too.

readonly mutant_dir=$here/mutants

mutant_file() { echo "$mutant_dir/$1"; }
mutant_known() { case $1 in */* | .*) false ;; *) [ -f "$mutant_dir/$1" ] ;; esac }

# mutant_edits NAME: what a kernel is made from; not what is said about it.
mutant_edits() { sed -n '/^edit /,$ { /^#/d; /^$/d; p; }' "$mutant_dir/$1"; }

# mutant_field NAME FIELD: the rest of the line that begins with FIELD.
mutant_field() { sed -n "s/^$2 //p" "$mutant_dir/$1"; }

mutant_list() {
	local file
	for file in "$mutant_dir"/*; do
		file=$(basename "$file")
		if [ -z "$mutant_always" ] || grep -qx always "$mutant_dir/$file"; then
			printf '%-16s %-31s %s\n' "$file" "$(mutant_field "$file" iommus)" "$(mutant_field "$file" about)"
		fi
	done
}

# mutant_edit SOURCE: one edit, from the environment (in_function, how, where, text), to stdout. Exit status: 3 no such
# function, 4 no line matches, 5 several do.
mutant_edit() {
	awk '
	BEGIN {
		call = "(^|[^A-Za-z0-9_])(" ENVIRON["in_function"] ")\\("
		how = ENVIRON["how"]; where = ENVIRON["where"]; text = ENVIRON["text"]
	}
	# A definition is a name in column 0 and a body whose braces are there too; a prototype ends before its body.
	/^[A-Za-z_]/ { pending = $0 ~ call }
	/^\{/ && pending { inside = 1; found = 1 }
	/^\}/ { inside = 0; pending = 0 }
	!inside && /;[ \t]*$/ { pending = 0 }
	inside && $0 ~ where {
		hits++
		if (how == "before") print text
		if (how == "swap") {
			match($0, where)
			sub(/^\t+/, "", text)
			print substr($0, 1, RSTART - 1) text substr($0, RSTART + RLENGTH)
		} else print
		if (how == "after") print text
		next
	}
	{ print }
	END { exit !found ? 3 : !hits ? 4 : hits > 1 ? 5 : 0 }' "$1"
}

# mutant_try FILE: applies the edit in the environment to our copy of FILE; says why not in mutant_reason.
mutant_try() {
	local copy=$work/mutated/$1
	mutant_reason="$1: no such file"
	[ -f "$tree/$1" ] || return
	mkdir -p "$(dirname "$copy")"
	[ -f "$copy" ] || cp "$tree/$1" "$copy"
	mutant_edit "$copy" >"$work/edited"
	case $? in
	0) mv "$work/edited" "$copy" && return ;;
	3) mutant_reason="$1: no function $in_function" ;;
	4) mutant_reason="$1: no line of $in_function matches $where" ;;
	5) mutant_reason="$1: several lines of $in_function match $where" ;;
	*) mutant_reason="$1: awk failed" ;;
	esac
	return 1
}

# mutant_step: the edit that was read, if it is one, and if no alternative to it applied already.
mutant_step() {
	[ -n "$file" ] || return 0
	[ -n "$in_function" ] && [ -n "$where" ] && [ -n "$text" ] || die 1 "mutant $mutant: an edit of $file is incomplete"
	[ -z "$applied" ] || return 0
	export in_function how where text
	if mutant_try "$file"; then applied=1; else reasons+=("$mutant_reason"); fi
}

# mutant_settled: the edit and its alternatives are over.
mutant_settled() {
	[ -z "$file" ] || [ -n "$applied" ] || {
		printf '  %s\n' "${reasons[@]}" >&2
		die 1 "mutant $mutant does not apply to Linux $source_id"
	}
}

# mutant_apply NAME: everything is edited aside first; the tree is only touched when all of it fits, and the originals are
# kept beside it until they are back.
mutant_apply() {
	local line file='' in_function='' how='' where='' text='' applied='' reasons=() mutant_reason
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		"edit "*)
			mutant_step
			mutant_settled
			file=${line#* } in_function='' where='' text='' applied='' reasons=()
			;;
		"or "*)
			mutant_step
			file=${line#* } in_function='' where='' text=''
			;;
		"in "*) in_function=${line#* } ;;
		"before "* | "after "* | "swap "*) how=${line%% *} where=${line#* } ;;
		$'\t'*) text=${text:+$text$'\n'}$line ;;
		"about "* | "iommus "* | options* | "finds "* | "stress "* | always | '#'* | '') ;;
		*) die 1 "mutant $1: cannot read '$line'" ;;
		esac
	done <"$(mutant_file "$1")"
	[ -n "$file" ] || die 1 "mutant $1 has no edit"
	mutant_step
	mutant_settled
	mutant_install
}

mutant_install() {
	local kept=$tree.originals
	(cd "$work/mutated" && find . -type f -printf '%P\n') >"$work/changed"
	rm -rf "$kept.new"
	mkdir "$kept.new" && (cd "$tree" && tar -cf - -T "$work/changed") | tar -xf - -C "$kept.new" && mv "$kept.new" "$kept" ||
		die 1 "cannot keep the originals in $kept"
	(cd "$work/mutated" && tar -cf - .) | tar -xmf - -C "$tree" || die 1 "cannot write into $tree"
}

# mutant_undo: the originals back, as new as make needs them to be to compile them again.
mutant_undo() {
	local kept=$tree.originals
	[ -d "$kept" ] || return 0
	(cd "$kept" && tar -cf - .) | tar -xmf - -C "$tree" && rm -rf "$kept"
}

# mutant_compiled: what was edited was also compiled; else the configuration leaves it out and the kernel is a healthy one.
mutant_compiled() {
	local path
	while IFS= read -r path; do
		case $path in *.c) ;; *) continue ;; esac
		[ "$tree/${path%.c}.o" -nt "$tree/$path" ] || die 1 "mutant $mutant changes $path, which this kernel does not contain"
	done <"$work/changed"
}
