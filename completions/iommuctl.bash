# SPDX-License-Identifier: GPL-2.0-or-later
# Bash completion for iommuctl: commands and options come from the binary itself, devices from sysfs.

_iommuctl_ctl() { "${COMP_WORDS[0]/#\~/$HOME}" "$@" 2>/dev/null; }

_iommuctl_devices() {
	local dir=${IOMMUCTL_SYSFS_PCI:-/sys/bus/pci/devices} path
	for path in "$dir"/????:*; do [ -e "$path" ] && printf '%s\n' "${path##*/}"; done
	echo sim
}

# The first word that is neither an option nor an option's value.
_iommuctl_command() {
	local i word
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--backend | --device | --driver | --vf-token | --format | --seed | --sysroot | --canary | --color | --progress)
			# readline may split --option=value into three words
			[ "${COMP_WORDS[i + 1]:-}" = = ] && ((i++))
			((i++))
			;;
		-*) ;;
		*) printf '%s\n' "$word"; return ;;
		esac
	done
}

_iommuctl_backends() {
	# "NAME  what it is"; sim's misbehaviours are values of its key "fault"
	case $1 in
	sim,*) _iommuctl_ctl --backend sim,help | awk '$1 ~ /^[a-z][a-z0-9-]*$/ { print "sim,fault=" $1 }' ;;
	*) _iommuctl_ctl --backend help | awk '$1 ~ /^[a-z][a-z0-9-]*$/ { print $1 }' ;;
	esac
}

# What may follow an option; fails when that is not known.
_iommuctl_values() {
	case $1 in
	--backend | --against) _iommuctl_backends "$2" ;;
	--device) _iommuctl_devices ;;
	--format) echo text json tap ;;
	--canary) echo auto require off ;;
	--color | --progress) echo auto always never ;;
	--prot) echo r w rw ;;
	--mem) echo anon thp hugetlb-2M hugetlb-1G memfd ;;
	--iova) [ "$3" = compare ] && echo fixed: random sequential adversarial kernel || echo random kernel ;;
	--map-granule) echo whole page random ;;
	--unmap) echo whole page all ;;
	--flush) echo none cpu ;;
	*) return 1 ;;
	esac
}

_iommuctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command words
	# the line without bash's own idea that ':' and '=' end a word
	if declare -F _get_comp_words_by_ref >/dev/null; then _get_comp_words_by_ref -n := cur prev; fi
	command=$(_iommuctl_command)
	COMPREPLY=()
	case $cur in
	--*=*)
		prev=${cur%%=*}
		cur=${cur#*=}
		;;
	esac
	case $prev in
	--log | --save-repro)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--sysroot)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	esac
	if ! words=$(_iommuctl_values "$prev" "$cur" "$command"); then
		case $cur in
		-*) words=$(_iommuctl_ctl --list-opts "$command") ;;
		*)
			case $command in
			'') words=$(_iommuctl_ctl --list-cmds) ;;
			bind | unbind | list) words=$(_iommuctl_devices) ;;
			dma) words='read write copy' ;;
			run)
				mapfile -t COMPREPLY < <(compgen -f -- "$cur")
				return
				;;
			esac
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _iommuctl iommuctl
