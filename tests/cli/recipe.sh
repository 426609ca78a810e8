# SPDX-License-Identifier: GPL-2.0-or-later
# recipe check: what is a recipe is told what it says; what is none, where it first goes wrong, in one line with line and column.
# Each file in tests/data/recipes/broken begins with a comment that says what is due: "# LINE:COLUMN: TEXT".
. "$(dirname "$0")/lib.sh"
broken=$top_srcdir/tests/data/recipes/broken
page=$top_srcdir/man/iommuctl-recipe.5

# messages: the lines of stdout that begin with a file, as FILE:LINE:COLUMN: TEXT
messages() { grep -aE '^[^ ]+\.recipe:' "$tmp/stdout"; }

files=("$broken"/*.recipe)
isnt "${#files[@]}" 1 "there are broken recipes"
ok "twenty and more" test "${#files[@]}" -ge 20
for f in "${files[@]}"; do printf '%s:%s\n' "$f" "$(head -n 1 "$f" | sed 's/^# //')"; done >"$tmp/due"

run recipe check "${files[@]}"
is "$status" 1 "broken recipes fail"
is "$stderr" "" "what is wrong is what was asked for: stdout has it"
messages >"$tmp/told"
is "$(wc -l <"$tmp/told")" "${#files[@]}" "one message for each of ${#files[@]}"
while IFS= read -r due <&3 && IFS= read -r told <&4; do
	is "${told#"$broken/"}" "${due#"$broken/"}" "$(basename "${due%%.recipe:*}"): its place and what is wrong there"
done 3<"$tmp/due" 4<"$tmp/told"
is "$(grep -acE '^  hint: .' "$tmp/stdout")" "$(grep -acE '^  hint:' "$tmp/stdout")" "no hint is empty"
ok "most have a hint or need none" test "$(grep -ac '^  hint: ' "$tmp/stdout")" -ge 20

run recipe check "${files[0]}"
is "$status" 1 "one alone fails"
like "$stdout" '^recipe: FAIL' "and the run's result says so"

if have_jq; then
	run --json recipe check "${files[@]}"
	is "$status" 1 "the same in JSON"
	is "$(jq -r '.errors[] | "\(.file):\(.line):\(.column): \(.text)"' "$tmp/stdout")" "$(<"$tmp/due")" "errors[] has each"
	is "$(jq -r '[.files[] | select(.result == "fail")] | length' "$tmp/stdout")" "${#files[@]}" "files[] has them as failures"
	is "$(jq -r '[.errors[] | .hint | type] | unique | join(" ")' "$tmp/stdout")" string "a hint is a string, also where there is none"
fi

# good ones: those that are installed, and the manual page's own
awk '/^\.Bd/ { getline; on = $0 == "iommuctl-recipe 1" } /^\.Ed/ { on = 0 } on { gsub(/\\-/, "-"); print }' "$page" >"$tmp/page.recipe"
isnt "$(wc -l <"$tmp/page.recipe")" 0 "the manual page has a recipe"
good=("$top_srcdir"/recipes/*.recipe "$tmp/page.recipe")
run recipe check "${good[@]}"
is "$status" 0 "the recipes that come with it are recipes, and the page's is"
is "$(grep -c '^/.*no section takes more than [0-9]* steps$' "$tmp/stdout")" "${#good[@]}" "each is told in a line"
is "$(grep -c 'hint' "$tmp/stdout")" 0 "and nothing else is said"

# the page's other example is a part of one
{
	printf '%s\n' 'iommuctl-recipe 1' 'name ring' 'device 1234:5678' 'bar 0 4K' 'memory ring' 'variable tail' 'directions copy' \
		'max-length 1M' 'reports-faults' 'init' 'write64 0 ring' 'end' 'stop' 'poll32 0x48 1 0' 'end'
	awk '/^\.Bd/ { getline; on = $0 == "copy" } /^\.Ed/ { on = 0 } on { gsub(/\\-/, "-"); print }' "$page"
} >"$tmp/ring.recipe"
run recipe check "$tmp/ring.recipe"
is "$status" 0 "so is the part of one that it shows"
like "$(messages)" 'ring, 1234:5678: copy of 1 to 1048576 bytes, addresses of 64 bits' "whose limits are told"

if have_jq; then
	run --json recipe check "$tmp/page.recipe"
	json_is .result pass "a good one passes"
	json_is '.files[0].name' edu "its name"
	json_is '.files[0].title' "QEMU's edu device" "its title"
	json_is '.files[0].devices' '["1234:11e8"]' "its devices"
	json_is '.files[0] | [.bar, .bar_size]' '[0,1048576]' "its BAR"
	json_is '.files[0].directions' '["read","write"]' "its directions"
	json_is '.files[0] | [.min_length, .max_length, .alignment, .address_alignment, .address_bits, .device_buffer]' \
		'[1,4032,1,1,28,4032]' "its limits"
	json_is '.files[0] | [.fixed, .reports_faults]' '[false,false]' "what it is not"
	json_is '[.files[0].sections[] | [.name, .steps, .run]]' \
		'[["init",2,2],["read",4,4],["write",4,4],["wait",1,1],["stop",1,1]]' "its sections"
	json_is '.errors' '[]' "no error"
	run --json recipe check "$tmp/page.recipe" "${files[0]}" "$tmp/ring.recipe"
	is "$status" 1 "a broken one among good ones"
	json_is '[.files[].result]' '["pass","fail","pass"]' "is the one that fails"
fi

# line ends of another system, and a last line without one
sed 's/$/\r/' "$tmp/page.recipe" >"$tmp/crlf.recipe"
head -c -1 "$tmp/page.recipe" >"$tmp/cut.recipe"
run recipe check "$tmp/crlf.recipe" "$tmp/cut.recipe"
is "$status" 0 "lines may end otherwise"

# what cannot be read, and what is no text at all
run recipe check "$tmp/none.recipe"
is "$status" 2 "a file that is not there is an error"
like "$stderr" "cannot read recipe .*none.recipe: No such file or directory" "and says so"
run recipe check "$tmp"
is "$status" 2 "so is a directory"
run recipe check /dev/null
is "$status" 2 "and a device"
like "$stderr" "/dev/null is no file" "which is not read"
head -c 70000 /dev/zero | tr '\0' '#' | fold -w 200 >"$tmp/large.recipe"
run recipe check "$tmp/large.recipe"
is "$status" 1 "a file of 70,000 bytes is no recipe"
like "$(messages)" 'large.recipe: this is no recipe: it has more than 65536 bytes$' "its size is told, no line"
mkfifo "$tmp/pipe"
timeout 10 cp "$tmp/page.recipe" "$tmp/pipe" &
run recipe check "$tmp/pipe"
is "$status" 0 "it can come from a pipe"
wait
run_stdin "$tmp/page.recipe" recipe check /dev/stdin
is "$status" 0 "and from stdin"

# what one would do
run recipe dry-run "$tmp/page.recipe"
is "$status" 0 "a dry run of the manual page's recipe comes to its end"
like "$stdout" "write64 0x88 = 0x40000" "and shows what is written"
like "$stdout" "poll32 0x98 & 0x1 is 0x0: reads 0x3, taken to be" "and what is taken to be"
run recipe dry-run "$tmp/page.recipe" --set 0x98=1
is "$status" 1 "a register that always reads as busy ends it"
like "$stdout" "FAIL  init: .*page.recipe:[0-9]+: register 0x98" "by line and register"
run recipe dry-run "$tmp/page.recipe" --set 0x0=0x010000ed --set 0x98=0
is "$status" 0 "registers may be told what is due"
unlike "$stdout" "taken to be" "then nothing is taken for granted"
run recipe dry-run "$broken/outside.recipe"
is "$status" 64 "a broken recipe cannot be tried"
like "$stderr" "outside.recipe:11:13: 0x1000 with 4 bytes is not inside the BAR's 0x1000" "and says where it is broken"
for set in 0x98 =1 0x98= 98h=1 0x98=1,2 0x100000=1 "0x98=1 --set 0x98=2"; do
	# shellcheck disable=SC2086 # two options
	run recipe dry-run "$tmp/page.recipe" --set $set
	is "$status" 64 "--set $set is refused"
done
run recipe dry-run "$tmp/page.recipe" --set 0x44=1
is "$status" 64 "an answer that no step asks for"
like "$stderr" "no step of the recipe reads register 0x44" "is told"
run recipe dry-run "$tmp/page.recipe" --set 0x98=0x100000000
is "$status" 64 "one that the access has no room for"
like "$stderr" "register 0x98 is read as 32 bits" "too"
run recipe check "$tmp/page.recipe" --set 0=0
is "$status" 64 "check takes no --set"
run recipe dry-run "$tmp/page.recipe" "$tmp/page.recipe"
is "$status" 64 "dry-run takes one file"
run recipe dry-run
is "$status" 64 "which has to be named"

# usage
run recipe
is "$status" 64 "something has to be done"
run recipe check
is "$status" 64 "to a file"
run recipe cook "$tmp/page.recipe"
is "$status" 64 "and not anything"
like "$stderr" "'cook' is nothing that is done to a recipe; there is check, dry-run" "but what there is"

# as a driver: a usage error with the same words
run --backend sim,model=edu --driver "recipe:$broken/outside.recipe" compare --loops 1
is "$status" 64 "a broken recipe as a driver is a usage error"
like "$stderr" "outside.recipe:$(head -n 1 "$broken/outside.recipe" | sed 's/^# //; s/\[/\\[/g')" "with its line, column and text"
run --backend sim,model=edu --driver "recipe:$tmp/page.recipe" compare --loops 100
is "$status" 0 "the manual page's recipe drives a model of its device"
done_testing
