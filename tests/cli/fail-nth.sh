# SPDX-License-Identifier: GPL-2.0-or-later
# run --fail-nth as far as it goes without a kernel that injects: what is missing is said, and what the report has. The roots
# are made here; in one of them every countdown has ended, as if each step had met a failing allocation and survived it.
. "$(dirname "$0")/lib.sh"
printf 'map a --size 8K --iova 0x10000000\n!EEXIST map b --size 4K --iova 0x10000000\nunmap a\n' >"$tmp/script"
failslab=sys/kernel/debug/failslab pages=sys/kernel/debug/fail_page_alloc

mkdir -p "$tmp/none/proc"
run --json --sysroot "$tmp/none" --backend sim run --fail-nth 1 "$tmp/script"
is "$status $(json '"\(.result) \(.results | length)"')" "4 skip 0" "a kernel without fail-nth is a skip"
like "$stderr" 'no /proc/thread-self/fail-nth' "that says so"
like "$stderr" '^hint: .*CONFIG_FAULT_INJECTION' "and what it takes"

root=$tmp/root
mkdir -p "$root/proc/thread-self" "$root/$failslab" "$root/$pages"
ln -s /dev/zero "$root/proc/thread-self/fail-nth"
run --sysroot "$root" --backend sim run --fail-nth 1 "$tmp/script"
is "$status $(grep -c 'cannot see what.*failslab' "$tmp/stderr")" "4 1" "without debugfs too"
echo Y >"$root/$failslab/ignore-gfp-wait"
run --sysroot "$root" --backend sim run --fail-nth 1 "$tmp/script"
is "$status" 4 "failslab that spares sleeping allocations is a skip"
like "$stderr" '^hint: echo N >/sys/kernel/debug/failslab/ignore-gfp-wait' "with the command that changes it"

echo N >"$root/$failslab/ignore-gfp-wait"
run --json --sysroot "$root" --backend sim run --fail-nth 7 "$tmp/script"
is "$status $(json .result)" "0 pass" "every step survived"
like "$stderr" 'warning: .*spares all page allocations' "what is not injected is said"
is "$(json '.fail_nth | "\(.n) \(.injected)"')" "7 5" "three lines, the opening and the closing are counted"
is "$(json '[.results[] | .injected, .injected_errno] | map(tostring) | join(" ")')" "1  1  1 " "and each line says so"
is "$(json '.fail_nth.sessions[0] | "\(.opening.injected) \(.closing.injected) \(.file)"')" "true true $tmp/script" "as do the sessions"
echo N >"$root/$pages/ignore-gfp-wait"
echo N >"$root/$pages/ignore-gfp-highmem"
echo 0 >"$root/$pages/min-order"
run --sysroot "$root" --backend sim run --fail-nth 7 "$tmp/script"
is "$status $stderr" "0 " "nothing is spared"
like "$stdout" '^fail-nth 7: 5 allocations were made to fail' "the text tells how many"
like "$stdout" '^ok +the session gives back what it held' "and what became of the session"
run --json --backend sim run "$tmp/script"
is "$(json '"\(.fail_nth) \(.results[0].injected)"')" "null null" "without the option nothing is said of it"
done_testing
