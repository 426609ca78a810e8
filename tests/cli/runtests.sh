# SPDX-License-Identifier: GPL-2.0-or-later
# ./runtests counts right: in a small tree of its own, with test scripts that pass, fail, skip, die and stop early.
. "$(dirname "$0")/lib.sh"

tree=$tmp/tree
mkdir -p "$tree/scripts" "$tree/build-aux" "$tree/tests/vm"
cp "$top_srcdir/runtests" "$tree/"
cp "$top_srcdir/scripts/setup.sh" "$tree/scripts/"
cp "$top_srcdir/build-aux/tap-driver.sh" "$tree/build-aux/"
touch "$tree/Makefile.in"
printf '#!/bin/sh\nprintf "all bench-build:\\n" >Makefile; touch config.status\n' >"$tree/configure"
chmod +x "$tree/configure"

arg=() begun=0
script() { printf '%s\n' "$2" >"$tree/tests/vm/t-$1.sh"; }
only_vm() {
	rm -f "$tree"/tests/vm/t-*.sh
	while [ $# -gt 0 ]; do script "$1" "$2"; shift 2; done
	said=$(env -u MAKEFLAGS -u MAKELEVEL SECONDS=$begun "$tree/runtests" --no-install --only vm ${arg[@]+"${arg[@]}"} </dev/null 2>&1)
	status=$?
	last=$(tail -n 1 <<<"$said")
}

# the build of the group is a point of its own
only_vm good 'echo ok 1 - a; echo ok 2 - b; echo 1..2'
is "$status/$last" "0/3 passed, 0 failed, 0 skipped" "two points pass" || diag "$said"
only_vm bad 'echo ok 1 - a; echo not ok 2 - broken; echo 1..2; exit 1'
is "$status/$last" "1/2 passed, 1 failed, 0 skipped" "a failed point fails, once"
like "$said" 'FAIL: t-bad 2 - broken' "and is shown"
only_vm dies 'echo 1..1; echo ok 1 - a; kill -SEGV $$'
is "$status/$last" "1/2 passed, 1 failed, 0 skipped" "a script that dies after its points fails"
only_vm noplan 'echo ok 1 - a'
is "$status/$last" "1/2 passed, 1 failed, 0 skipped" "a missing plan fails"
only_vm few 'echo 1..3; echo ok 1 - a'
is "$status/$last" "1/2 passed, 1 failed, 0 skipped" "too few points fail"
only_vm silent 'exit 0'
is "$status/$last" "1/1 passed, 1 failed, 0 skipped" "silence fails"
only_vm skip 'echo "ok 1 - x # SKIP nothing like it here"; echo 1..1' all 'echo "1..0 # SKIP no machine"'
is "$status/$last" "0/1 passed, 0 failed, 2 skipped" "what is skipped is counted"
like "$said" 'vm: t-skip 1 - x # SKIP nothing like it here' "and listed with its reason"
like "$said" 'vm: t-all - no machine' "also a whole file"
only_vm
is "$status/$last" "1/0 passed, 1 failed, 0 skipped" "a group without tests fails"
only_vm good 'echo ok 1 - a; echo 1..1' bad 'echo not ok 1 - b; echo 1..1'
is "$status/$last" "1/2 passed, 1 failed, 0 skipped" "several files add up"
only_vm good 'echo ok 1 - a; echo 1..1' rare '# Only with --long: it takes an hour.
echo not ok 1 - b; echo 1..1'
is "$status/$last" "0/2 passed, 0 failed, 0 skipped" "a file for --long only is left out" || diag "$said"
like "$said" 'left to --long: t-rare$' "which is said"
arg=(--long)
only_vm good 'echo ok 1 - a; echo 1..1' rare '# Only with --long: it takes an hour.
echo not ok 1 - b; echo 1..1'
is "$status/$last" "1/2 passed, 1 failed, 0 skipped" "and run with it"
# a shell begins to count its seconds where the environment says
arg=(--within 2)
begun=120
only_vm good 'echo ok 1 - a; echo 1..1'
is "$status/$last" "0/0 passed, 0 failed, 1 skipped" "after the time given no group begins" || diag "$said"
like "$said" '^  vm: vm: not begun: 2 minutes were over' "and is skipped by name"
begun=60
only_vm good 'echo ok 1 - a; echo 1..1'
is "$status/$last" "0/2 passed, 0 failed, 0 skipped" "before it does"
arg=() begun=0
printf '#!/bin/sh\necho no such compiler; exit 1\n' >"$tree/configure"
rm -rf "$tree/build-tests"
only_vm good 'echo ok 1 - a; echo 1..1'
is "$status/$last" "1/0 passed, 1 failed, 0 skipped" "a build that fails fails"
like "$said" '\| no such compiler' "with the end of its log"

# the guest kernel: built where it is not, told, counted; or left out, with a line for each test that boots it
cat >"$tree/tests/vm/build-kernel" <<'EOT'
#!/bin/sh
case "$*" in
--list-mutants) echo "bug intel"; echo "slip amd"; echo "rare amd" ;;
"--list-mutants --always") echo "bug intel"; echo "slip amd" ;;
*--cached*) case $* in *bug*) test -e BUILT ;; *slip*) false ;; esac ;;
*slip*) echo "slip does not apply" >&2; exit 1 ;;
*) echo "12 % built" >&2; echo x >>BUILT ;;
esac
EOT
sed -i "s|BUILT|$tmp/built|" "$tree/tests/vm/build-kernel"
printf '#!/bin/sh\necho selftests\n' >"$tree/tests/vm/build-selftests"
chmod +x "$tree/tests/vm/build-kernel" "$tree/tests/vm/build-selftests"
printf '#!/bin/sh\nprintf "all bench-build:\\n" >Makefile; touch config.status\n' >"$tree/configure"
rm -rf "$tree/build-tests" "$tree"/tests/vm/t-*
printf 'echo ok 1 - a; echo 1..1\n' >"$tree/tests/vm/k-one.sh"
cp "$tree/tests/vm/k-one.sh" "$tree/tests/vm/k-two.sh"
kernel() { # RUNTESTS-ARGS
	said=$(env -u MAKEFLAGS -u MAKELEVEL "$tree/runtests" --no-install "$@" </dev/null 2>&1)
	status=$?
	last=$(tail -n 1 <<<"$said")
}
kernel --only kernel
is "$status/$last" "1/3 passed, 1 failed, 0 skipped" "kernels and selftests are built, each is a point" || diag "$said"
like "$said" '^    12 % built' "and it is told how far that is"
is "$(grep -c rare <<<"$said")" 0 "but for one that not every run takes"
like "$said" '\| slip does not apply' "and what was wrong with one"
kernel --only vm-built
is "$status/$last" "1/4 passed, 1 failed, 0 skipped" "the tests of the built kernel build what is not there" || diag "$said"
is "$(wc -l <"$tmp/built")" 1 "and only that"
kernel --only kernel --only vm-built --no-kernel-build
is "$status/$last" "0/0 passed, 0 failed, 3 skipped" "--no-kernel-build leaves them out" || diag "$said"
like "$said" '^  vm-built: k-one: --no-kernel-build$' "a line for each file"
like "$said" '^  vm-built: k-two: --no-kernel-build$' "says so in the summary"
is "$(wc -l <"$tmp/built")" 1 "and nothing is built"

said=$("$tree/runtests" --only nosuch 2>&1 </dev/null)
is $? 64 "an unknown group is a usage error"
said=$("$tree/runtests" --frob 2>&1 </dev/null)
is $? 64 "so is an unknown option"
for minutes in 0 '' 1h; do
	said=$("$tree/runtests" --within "$minutes" 2>&1 </dev/null)
	is $? 64 "and '$minutes' for minutes"
done
is "$("$tree/runtests" --list | grep -c '^  [a-z]')" "$(grep -c '^group_[a-z_]*()' "$tree/runtests" | awk '{ print $1 - 1 }')" \
	"every group is listed" # group_scripts is a helper of three of them
done_testing
