# SPDX-License-Identifier: GPL-2.0-or-later
# Bitmap files: written by dirty read, told by show, held side by side by diff; and whatever is no whole bitmap is refused by name.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
a=$tmp/a b=$tmp/b c=$tmp/c bad=$tmp/bad
# that a full disk leaves the file that was there is test_dirty_file's

# 4 MiB by leaves of 4K, so that each page has a bit of its own
cat >"$tmp/script" <<EOT
map x --size 4K --iova 0x40000000
map y --size 4K --iova 0x40001000
map z --size 4K --iova 0x40002000
map w --size 4K --iova 0x40003000
dirty start
dma write 0x40000000 --size 4K
dma write 0x40001fff --size 2
dirty read --iova 0x40000000 --size 16K -o $a
dma write 0x40003000 --size 1
dirty read --iova 0x40000000 --size 16K -o $b
dirty read-clear --iova 0x40001000 --size 8K -o $c
EOT
run -q --backend sim run "$tmp/script" --json
status_is 0 "dirty read -o in a script" || diag "$(json '.results[]')" "$stderr"
is "$(stat -c %s "$a" "$b" "$c" | sort -u)" 264 "a header of 256 bytes, and a word"
is "$(od -A n -t x1 -N 16 "$a" | tr -d ' \n')" 89494f444952540a0100000000010000 "magic, version and size of the header"
is "$(od -A n -t u8 -j 16 -N 32 "$a" | xargs)" "1073741824 16384 4096 3" "iova, length, page size and how many"
is "$(od -A n -t x8 -j 256 -N 8 "$a" | xargs)" 0000000000000007 "the bits"
is "$(find "$tmp" -name 'a.*' | wc -l)" 0 "nothing lies beside it"

run -q dirty show "$a" --json
status_is 0 "show"
json_is '[.source, .iova, .length, .page_size, .dirty_pages, .pages, .share] | tostring' '["iommu","0x40000000",16384,4096,3,4,0.75]' "what it is of"
json_is '.ranges | tostring' '[{"iova":"0x40000000","length":12288}]' "ranges"
json_is '[.backend, .device, .simulated, .marked, .over_reports, .cleared] | tostring' '["sim","sim",true,false,false,false]' "where it comes from"
json_is '.taken_on' "$(uname -r)" "on which kernel"
json_is '.time | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z$")' true "when"
json_is '.since_s > 0 and (.pages_s * .since_s - 3 | fabs) < 1e-6' true "for how long, and the rate"
json_is '.gib | map([.iova, .pages, .dirty, .share]) | tostring' '[["0x40000000",4,3,0.75]]' "by GiB"
json_is '.gib[0].pages_s == .pages_s' true "with its rate"
json_is '[keys_unsorted[0:5][]] | join(" ")' "command version kernel seed result" "the common keys first"
run -q dirty show "$a"
like "$stdout" '3 of 4 pages of 0x1000 dirty, by iommu, simulated' "for people"
like "$stdout" '^dirty 0x40000000-0x40002fff$' "its ranges"
like "$stdout" '^GiB from 0x40000000: 3 of 4 pages dirty \(75 %\), .* pages/s$' "its rate"
run -q dirty show "$a" --tap
like "$stdout" '^# dirty 0x40000000-0x40002fff$' "as TAP"
run -q dirty show "$a" "$c" --json
status_is 0 "show of two"
json_is '[.files[] | [.file, .dirty_pages, .cleared] | tostring] | join(" ")' "[\"$a\",3,false] [\"$c\",2,true]" "each by its name"
printf 'dirty show %s\n' "$a" >"$tmp/line"
run -q run "$tmp/line" --json
json_is '.results[0] | [.result, .detail] | join(" ")' "pass 3 of 4 pages of 0x1000 dirty, by iommu, simulated" "in a script"

# side by side
run -q dirty diff "$a" "$b" --json
status_is 1 "diff of two that differ"
json_is '[.result, .only_a_pages, .only_b_pages, .both_pages, .pages, .part] | tostring' '["fail",0,1,3,4,false]' "how many"
json_is '[.only_a, .only_b] | tostring' '[[],[{"iova":"0x40003000","length":4096}]]' "and which"
run -q dirty diff "$b" "$a"
status_is 1 "the other way round"
like "$stdout" "^only $b: 0x40003000-0x40003fff\$" "it is the first's"
like "$stdout" '^FAIL .*the same pages are dirty in both' "which is a failure"
run -q dirty diff "$a" "$b" --tap
like "$stdout" '^not ok 1 - the same pages are dirty in both' "as TAP"
run -q dirty diff "$a" "$a"
status_is 0 "a file and itself"
like "$stdout" '^ok .*the same pages are dirty in both' "are the same"
run -q dirty diff "$a" "$c" --json
status_is 1 "a page that the other file does not cover is the first's alone"
json_is '[.part, .iova, .length, .pages, .both_pages] | tostring' '[true,"0x40001000",8192,2,2]' "what both cover"
json_is '[.only_a_pages, .only_b_pages, .outside_a_pages, .outside_b_pages] | tostring' '[1,0,1,0]' "and what lies outside"
json_is '[.only_a, .only_a_total, .only_a_cut, .only_b_total, .only_b_cut] | tostring' \
	'[[{"iova":"0x40000000","length":4096}],1,false,0,false]' "is one of the ranges"
run -q dirty diff "$c" "$a"
status_is 1 "the other way round"
like "$stdout" '^both cover 0x40001000-0x40002fff; a page that one of them does not cover counts as clean in it$' "to people, too"
like "$stdout" "^only $a: 0x40000000-0x40000fff\$" "it is the second's"
printf 'map x --size 8K --iova 0x40001000\ndirty start\ndma write x --size 8K\nmap y --size 4K --iova 0x40003000\nmap z --size 4K --iova 0x40000000\ndirty read --iova 0x40000000 --size 16K -o %s\n' \
	"$tmp/inside" >"$tmp/script"
run -q --backend sim run "$tmp/script"
run -q dirty diff "$c" "$tmp/inside" --json
status_is 0 "clean pages outside make no difference"
json_is '[.part, .pages, .both_pages, .outside_b_pages] | tostring' '[true,2,2,0]' "of those that one of them lacks"

# a bitmap over two pages of 2M, and one somewhere else
printf 'map x --size 4M --iova 0x40000000 --mem thp\ndirty start\ndirty read x --page-size 2M -o %s\nmap y --size 16K --iova 0x80000000\ndirty read y -o %s\n' \
	"$tmp/large" "$tmp/far" >"$tmp/script"
run -q --backend sim run "$tmp/script"
status_is 0 "bitmaps of other shapes" || diag "$stdout" "$stderr"
for other in "large:different sizes: 0x1000 and 0x200000" "far:no page in common"; do
	run -q dirty diff "$a" "$tmp/${other%%:*}"
	status_is 64 "diff with what does not fit"
	like "$stderr" "^iommuctl: dirty: .*${other#*:}" "and why"
	unlike "$stdout" PASS "which is no pass"
done

# what is no whole bitmap
refused() { # WORDS WHAT [FILE]
	run -q dirty show "${3:-$bad}"
	status_is 2 "$2 is refused"
	is "$(grep -c '^iommuctl: ' <<<"$stderr")" 1 "$2: in one line"
	like "$stderr" "^iommuctl: dirty: .*${3:-$bad}.*$1" "$2: by its name, and why"
	unlike "$stdout" 'PASS|^dirty_pages' "$2: and nothing is told of it"
}
for length in 0 1 7 8 11 12 100 255 256 257 263; do
	head -c "$length" "$a" >"$bad"
	refused truncated "a file cut to $length bytes"
done
cat "$a" "$a" >"$bad"
refused corrupt "a file with more behind it"
flip() { # OFFSET: another byte there
	cp "$a" "$bad"
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((0x$(od -A n -t x1 -j "$1" -N 1 "$a" | tr -d ' ') ^ 0x10)))" |
		dd of="$bad" bs=1 seek="$1" conv=notrunc status=none
}
for offset in 0 5 7; do flip $offset && refused 'no dirty bitmap' "a changed byte $offset"; done
for offset in 8 9 11; do flip $offset && refused 'of version' "a changed byte $offset"; done
for offset in 12 16 24 32 40 48 56 64 68 72 136 152 192 247 248 251 252 255 256 260 263; do
	flip $offset && refused corrupt "a changed byte $offset"
done
flip 263 && run -q dirty show "$bad" --json
json_is '[.result, .error.errno, (.error.text | test("corrupt")), has("dirty_pages")] | tostring' '["error","EUCLEAN",true,false]' "in JSON"
flip 263 && run -q dirty diff "$a" "$bad"
status_is 2 "diff refuses it as well"
refused 'no dirty bitmap' "a program" "$IOMMUCTL"
echo text >"$bad"
refused 'no dirty bitmap' "a text"
refused 'directory' "a folder" "$tmp"
refused 'No such file' "a missing file" "$tmp/none"
refused 'no regular file' "a device" /dev/zero
mkfifo "$tmp/fifo"
refused 'no regular file' "a pipe, without waiting for it," "$tmp/fifo"
ln -s loop "$tmp/loop"
refused 'symbolic links' "a loop of links" "$tmp/loop"

# where nothing can be written: no bit is cleared for nothing
for out in "/dev/full:no regular file" "$tmp/fifo:no regular file" "$tmp:directory" "$tmp/none/x:No such file"; do
	cat >"$tmp/script" <<EOT
map x --size 4K --iova 0x40000000
dirty start
dma write x --size 4K
dirty read-clear x -o ${out%%:*}
EOT
	run -q --backend sim run "$tmp/script" --json
	status_is 2 "-o ${out%%:*}"
	like "$stderr" "cannot write ${out%%:*}.*${out#*:}" "-o ${out%%:*}: says so"
done
# no room for the file: the bits are cleared by then, and what they were is told all the same
mkdir "$tmp/full"
cat >"$tmp/on-full" <<EOT
mount -t tmpfs -o size=4k tmpfs "$tmp/full" && head -c 4096 /dev/zero >"$tmp/full/fill" && exec "\$@"
EOT
no_room() { # VERB OPTION...
	printf 'map x --size 4K --iova 0x40000000\ndirty start\ndma write x --size 4K\ndirty %s x -o %s\n' "$1" "$tmp/full/over" >"$tmp/script"
	IOMMUCTL_WRAPPER="unshare -rm sh $tmp/on-full ${IOMMUCTL_WRAPPER:-}" run -q --backend sim run "$tmp/script" "${@:2}"
	status_is 2 "$*: no room for the file"
	like "$stderr" "cannot write $tmp/full/over: No space left on device" "$*: why"
}
if unshare -rm sh "$tmp/on-full" true 2>/dev/null; then
	for verb in read-clear unmap; do
		no_room $verb
		like "$stderr" '^hint: the bits were cleared and are in no file' "$verb: what that means"
		like "$stdout" 'dirty 0x40000000-0x40000fff' "$verb: what they were"
		no_room $verb --json
		json_is '.results[3] | [.result, .errno, .data.dirty_pages, .data.ranges, .data.file, .data.away] | tostring' \
			'["error","ENOSPC",1,[{"iova":"0x40000000","length":4096}],"",false]' "$verb: in JSON"
		json_is '.error.hint | test("in no file")' true "$verb: with the hint"
	done
	json_is '.results[3].data.unmapped_bytes' 4096 "unmap: and what is unmapped"
	no_room read
	unlike "$stderr" 'in no file' "read: the bits are still there"
else
	skip "what is told where there is no room for the file" "no mount namespace can be had here"
fi
printf 'map x --size 4K --iova 0x40000000\ndirty start\ndirty read x -o -\n' >"$tmp/script"
run -q --backend sim run "$tmp/script"
status_is 64 "-o -"
like "$stderr" 'not to standard output' "-o -: says so"
run -q dirty plot --rate "$a" "$tmp/far"
status_is 64 "a rate of files that do not belong together"
like "$stderr" "^iommuctl: dirty: $tmp/far does not belong with $a: iova 0x80000000, not 0x40000000\$" "which is the whole message"

is "$(stat -c %F /dev/full)" "character special file" "/dev/full is what it was"
done_testing
