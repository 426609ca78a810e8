# SPDX-License-Identifier: GPL-2.0-or-later
# Drivers of real devices on register models: what the simulated IOMMU does wrong is found under each of them by the names it has
# with the simulation's own device, nothing is found where nothing is wrong, and hardware that is broken ends as it should.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

# model | global options | options of compare | is a stuck engine stopped? | what is said of hardware that is never ready, and gone
drivers='
lsi|||stopped|lsi does not answer to a reset|lsi does not answer to a reset
edu|--driver edu,mask=32||stuck|edu does not end an earlier transfer|edu answers 0xffffffff as its id, not 0x010000ed
testdev|||stuck|iommu-testdev does not become idle: its result is 0xfffffffe|iommu-testdev.s registers do not hold what is written'

# misbehaviour | options that show it | classes it may be told as
faults='
stale-iotlb|--iova fixed:0x40000000|stale-read stale-write
psi-mask|--iova adversarial|stale-read stale-write
unmap-skip-pte|--probe-unmapped|unmapped-access map-refused
early-unpin|--threads 2|stale-write foreign
short-unmap||short-unmap
ro-writable|--readonly|readonly-write
pin-leak||pin-leak
overlap-ok|--iova adversarial|overlap-accepted
iova-reserved|--iova adversarial|reserved-accepted
untranslated||untranslated'

# Under a memory checker that is slow, each kind of thing once.
if is_slow; then
	drivers=$(grep -E '^(lsi|testdev)\|' <<<"$drivers")
	faults=$(grep -E '^(unmap-skip-pte|short-unmap|ro-writable)\|' <<<"$faults")
fi
each() { grep -F '|' <<<"$1"; }

found() { # MODEL GLOBAL OPTIONS FAULT CLASSES
	local model=$1 global=$2 options=$3 fault=$4 classes=$5 class
	# shellcheck disable=SC2086
	run -q --seed 1 $global --backend "sim,model=$model,fault=$fault:p=0.01" compare --loops 2000 $options --json
	status_is 1 "$model: $fault is found" || return
	json_is '[.driver, .result]' "[\"$model\",\"fail\"]" "$model: $fault: by its driver"
	isnt "$(json '.classes | keys[]')" "" "$model: $fault: and named"
	for class in $(json '.classes | keys[]'); do
		# two threads on one frame overwrite each other's poison as well
		[ "$fault/$class" != early-unpin/unwritten ] || continue
		like " $classes " " $class " "$model: $fault: $class is a right name for it"
	done
}

while IFS='|' read -r model global more _; do
	while IFS='|' read -r fault options classes; do found "$model" "$global" "$more $options" "$fault" "$classes"; done < <(each "$faults")
	while read -r options; do
		# shellcheck disable=SC2086
		run -q --seed 2 $global --backend "sim,model=$model" compare --loops "$(scaled 1000)" $more $options --json
		status_is 0 "$model: sound: $options finds nothing"
		json_is '[.driver, .result, .loops, .classes, .failures]' "[\"$model\",\"pass\",$(scaled 1000),{},[]]" "$model: sound: nothing at all"
	done < <(each "$faults" | cut -d'|' -f2 | sort -u)
done < <(each "$drivers")

# A repro has the whole of what it was made with on its first lines.
for model in lsi testdev; do
	fault="sim,model=$model,fault=ro-writable:p=0.05"
	run -q --seed 1 --driver "$model" --backend "$fault" compare --loops 500 --readonly --save-repro "$tmp/$model.iommu"
	status_is 1 "$model: a failure is saved"
	like "$(<"$tmp/$model.iommu")" "^# run: iommuctl --backend $fault --driver $model run " "$model: with its model and driver"
	run -q --seed 1 --backend "$fault" run "$tmp/$model.iommu"
	status_is 1 "$model: the script shows it again"
	sed -i 's/^repeat .*/repeat 20/' "$tmp/$model.iommu"
	run -q --backend "sim,model=$model" run "$tmp/$model.iommu"
	status_is 0 "$model: and passes on sound hardware behind a sound IOMMU"
done

# Broken hardware. Much of it is waiting for what never comes, so all of them run at once.
is_slow && { done_testing; exit; }

begin() { # NAME ARGS...
	timeout -k 5 120 "$IOMMUCTL" -q --seed 1 "${@:2}" </dev/null >"$tmp/$1.out" 2>"$tmp/$1.err"
	echo $? >"$tmp/$1.status"
}

ended() { # NAME: as if it had just run
	mv "$tmp/$1.out" "$tmp/stdout"
	mv "$tmp/$1.err" "$tmp/stderr"
	status=$(<"$tmp/$1.status")
	lib_collect "$1"
}

still='would not stop; its buffers stay mapped until exit'
ways=$("$IOMMUCTL" --backend sim,help | sed -n 's/^broken=\([a-z-]*\) .*/\1/p')
isnt "$ways" "" "ways of being broken are listed"
lacks() { "$IOMMUCTL" --backend "sim,model=$1:broken=$2" maps 2>&1 >"$tmp/none" | grep -q "model $1 cannot be broken"; }

# from the first access on, with the canary; in mid-run, without
while IFS='|' read -r model global more _; do
	for way in $ways; do
		lacks "$model" "$way" && continue
		# shellcheck disable=SC2086
		begin "$model-$way-0" $global --backend "sim,model=$model:broken=$way" compare --loops 2000 $more --json &
		# shellcheck disable=SC2086
		begin "$model-$way-1" $global --backend "sim,model=$model:broken=$way:after=1000" --canary off compare --loops 2000 $more --json &
	done
done < <(each "$drivers")
wait

wrong_data() { # MODEL WAY: memory tells, in the loop in which it began
	ended "$1-$2-1"
	status_is 1 "$1: $2: found by what is in memory"
	json_is '.classes | has("unwritten")' true "$1: $2: as unwritten"
	json_is '.loops < 2000' true "$1: $2: at once"
	unlike "$stderr" "$still" "$1: $2: the device is stopped, and everything unmapped"
	ended "$1-$2-0"
	ok "$1: $2: nor does it pass from the start on" test "$status" -eq 1 -o "$status" -eq 2
	unlike "$stderr" "$still" "$1: $2: and is stopped"
}

absent() { # MODEL WAY MESSAGE
	ended "$1-$2-0"
	status_is 2 "$1: $2: an error"
	like "$stderr" "compare: $3: " "$1: $2: the driver says what it saw"
	like "$stderr" "$still" "$1: $2: nobody says that it is quiet"
	json_is '[.result, .loops, .classes]' '["error",0,{}]' "$1: $2: before the first loop"
}

hung() { # MODEL WAY STOPPED
	ended "$1-$2-1"
	status_is 2 "$1: $2 in mid-run: an error"
	like "$stderr" 'compare: the device did not finish its DMA at iova 0x[0-9a-f]*: Connection timed out' "$1: $2 in mid-run: by that name"
	json_is '[.result, .loops > 0, .loops < 2000]' '["error",true,true]' "$1: $2 in mid-run: what was done is told"
	if [ "$3" = stopped ]; then
		unlike "$stderr" "$still" "$1: $2 in mid-run: it is stopped, and everything unmapped"
	else
		like "$stderr" "$still" "$1: $2 in mid-run: its buffers stay where they are"
	fi
}

while IFS='|' read -r model _ _ stopped unready gone; do
	absent "$model" never-ready "$unready"
	absent "$model" gone "$gone"
	hung "$model" gone stuck
	hung "$model" stuck-busy "$stopped"
	ended "$model-stuck-busy-0"
	status_is 2 "$model: stuck-busy: an error"
	like "$stderr" "compare: the canary's DMA did not end" "$model: stuck-busy: seen by the first DMA of all"
	wrong_data "$model" bogus-length
	wrong_data "$model" silent-error
	lacks "$model" error-status && continue
	ended "$model-error-status-0"
	status_is 2 "$model: error-status: an error"
	like "$stderr" "device status -5" "$model: error-status: seen by the canary"
	ended "$model-error-status-1"
	status_is 1 "$model: error-status in mid-run: a failure"
	json_is '.classes | has("dma-error")' true "$model: error-status in mid-run: as dma-error"
	unlike "$stderr" "$still" "$model: error-status in mid-run: the device is stopped"
done < <(each "$drivers")
done_testing
