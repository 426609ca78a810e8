# SPDX-License-Identifier: GPL-2.0-or-later
# The harness itself: it passes on what the guest said, and no guest that went wrong passes.
. "$(dirname "$0")/lib.sh"

# boot NAME WANT OPTIONS...: the exit status, and $tap_tmp/out, $tap_tmp/err.
boot() {
	local name=$1 want=$2
	shift 2
	"$vm/run" --iommu none --binary "$IOMMUCTL" "$@" >"$tap_tmp/out" 2>"$tap_tmp/err"
	is "$?" "$want" "$name" || diag "$(tail -n 20 "$tap_tmp/err")"
}

boot "a guest, whose parts are in the cache from here on" 0 -- true
boot "a command's status comes back" 3 --log "$tap_tmp/klog" --out "$tap_tmp/left" -- sh -c 'echo "it'\''s out"; echo err >&2
	mkdir /out/a; head -c 100000 /dev/zero >/out/a/b; exit 3'
is "$(cat "$tap_tmp/out")" "it's out" "and its output"
is "$(cat "$tap_tmp/err")" err "and its errors, with nothing else"
is "$(cksum <"$tap_tmp/left/a/b")" "$(head -c 100000 /dev/zero | cksum)" "and the files it left"
like "$(cat "$tap_tmp/klog")" 'Linux version' "and the kernel log"
boot "repros and recipes of this tree are where the binary looks" 0 -- sh -c 'iommuctl repro list --json && ls /usr/local/share/iommuctl/recipes'
is "$(grep -o '"name":' "$tap_tmp/out" | wc -l) $(grep -c 'recipe$' "$tap_tmp/out")" "$(ls "$top_srcdir"/repro/*.iommu | wc -l) $(ls "$top_srcdir"/recipes/*.recipe | wc -l)" "all of them"
boot "a complaint in the kernel log fails the run" 99 -- sh -c 'echo "WARNING: CPU: 0 PID: 1 at made/up.c:1" >/dev/kmsg'
boot "unless it is allowed" 0 --allow-log 'made/up' -- sh -c 'echo "WARNING: CPU: 0 PID: 1 at made/up.c:1" >/dev/kmsg'
boot "a panic fails the run" 99 -- sh -c 'echo c >/proc/sysrq-trigger; sleep 9'
boot "a reset fails the run" 98 -- sh -c 'echo b >/proc/sysrq-trigger; sleep 9'
boot "a guest that does not finish fails the run" 124 --timeout 8 -- sleep 100
boot "an unknown device is the harness's failure" 125 --device nosuch -- true
boot "an ordinary user" 0 -- as-user sh -c 'test "$(id -u) $1" = "1000 a  b'\''c"' sh "a  b'c"
done_testing
