# SPDX-License-Identifier: GPL-2.0-or-later
# The test helpers themselves: a helper that cannot fail would make every other script worthless.
. "$(dirname "$0")/lib.sh"

# A small script of test points, run on its own; prints its TAP.
points() {
	printf '. "%s/tests/cli/lib.sh"\n%s\n' "$top_srcdir" "$1" >"$tmp/points.sh"
	IOMMUCTL="${2:-$IOMMUCTL}" bash "$tmp/points.sh" 2>&1
}

# fails NAME SCRIPT [BINARY]: the script's one point fails.   passes: the opposite.
fails() { like "$(points "$2; done_testing" "${3:-}")" '^not ok 1 - ' "$1"; }
passes() { like "$(points "$2; done_testing" "${3:-}")" '^ok 1 - ' "$1"; }

passes "ok passes" 'ok x true'
fails "ok fails" 'ok x false'
passes "nok passes" 'nok x false'
fails "nok fails" 'nok x true'
passes "is passes" 'is a a x'
fails "is fails" 'is a b x'
fails "isnt fails" 'isnt a a x'
passes "like passes" 'like "one two" "^one" x'
fails "like fails" 'like "one two" "^two" x'
fails "unlike fails" 'unlike "one two" "two$" x'
# What guests have instead of jq, for plain values: the same answers, or none at all (status 3: then jq is asked).
picks() { filter=$2 awk -f "$top_srcdir/tests/vm/guest/json.awk" <<<"$1"; }
object='{"a":{"b":1},"b":"x y","n":-12,"t":true,"u":null,"l":[{"b":"z"}],"r":1.50,"last":"\u00fc"}'
if have_jq; then
	for filter in .b .n .t .u '"\(.b): \(.n) of \(.t)"' '"\(.n)\(.n)"' '"plain"'; do
		is "$(picks "$object" "$filter")" "$(jq -r "$filter" <<<"$object")" "guests pick $filter as jq does"
	done
	run --json compare --loops 3
	for filter in .result .loops .backend .canary '"\(.result) \(.loops) \(.seed)"'; do
		is "$(picks "$stdout" "$filter")" "$(json "$filter")" "guests pick $filter of a result as jq does"
	done
fi
for bad in .a .l .r .last .none '"\(.b) \(.r)"'; do
	picks "$object" "$bad" >"$tmp/picked"
	is "$? $(<"$tmp/picked")" "3 " "guests leave $bad to jq"
done
for bad in '{"b":"x \"y\""}' "$object
$object" ''; do
	picks "$bad" .b >"$tmp/picked"
	is "$? $(<"$tmp/picked")" "3 " "and '${bad:0:20}'"
done
like "$(points 'skip x "no such thing"; done_testing')" '^ok 1 - x # SKIP no such thing$' "skip says why"
is "$(points 'skip_all "not here"')" "1..0 # SKIP not here" "skip_all is a plan of none"
is "$(points 'is a b x; done_testing' | tail -n 1)" "1..1" "the plan counts the points"
points 'pass x' >/dev/null
is $? 1 "a script without done_testing fails"
like "$(points 'pass x')" '^Bail out!' "and says so"
points 'fail x; done_testing' >/dev/null
is $? 1 "a script with a failed point fails"
is "$(points 'at_exit "echo \"# first\""; at_exit "echo \"# second\""; pass x; done_testing' | tail -n 2 | tr '\n' ' ')" \
	"# second # first " "at_exit runs backwards"

# run, against programs made for it
program() { # NAME TEXT
	printf '#!/bin/bash\n%s\n' "$2" >"$tmp/$1"
	chmod +x "$tmp/$1"
}
program answer 'echo "out $*"; echo "err $*" >&2; exit 7'
is "$(points 'run a b; is "$status/$stdout/$stderr" "7/out a b/err a b" x; done_testing' "$tmp/answer")" $'ok 1 - x\n1..1' \
	"run gives status, stdout and stderr"
program asan 'echo "==1==ERROR: AddressSanitizer: heap-use-after-free" >&2; exit 1'
fails "a sanitizer's complaint fails" 'run' "$tmp/asan"
program ubsan 'echo "x.c:1:2: runtime error: shift" >&2; exit 0'
fails "so does UBSan's" 'run' "$tmp/ubsan"
program checker 'exit 99'
fails "so does a memory checker's exit status" 'run' "$tmp/checker"
program crash 'kill -SEGV $$'
fails "so does a crash" 'run' "$tmp/crash"
program hang 'exec sleep 20'
fails "so does a hang" 'RUN_TIMEOUT=1 run' "$tmp/hang"
is "$(points 'run; pass x; done_testing' "$tmp/answer")" $'ok 1 - x\n1..1' "a quiet run adds no point"
program wait 'trap "exit 130" INT; echo ready; while :; do sleep 0.05; done'
like "$(points 'start; wait_for 5 grep -q ready "$tmp/stdout"; kill -INT $pid; finish; is "$status" 130 x; done_testing' "$tmp/wait")" \
	'^ok 1 - x' "start and finish see a signal's status"
fails "finish does not wait for ever" 'RUN_TIMEOUT=1; start; finish' "$tmp/hang"
if have_jq; then
	program object 'echo "{\"a\": {\"b\": [1, \"two\"]}}"'
	passes "json_is passes" 'run; json_is ".a.b[1]" two x' "$tmp/object"
	fails "json_is fails" 'run; json_is ".a.b[0]" two x' "$tmp/object"
	fails "json_is fails on what is no JSON" 'run; json_is ".a" null x' "$tmp/answer"
else
	skip "json_is" "jq is not installed"
fi
done_testing
