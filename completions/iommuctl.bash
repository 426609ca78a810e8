# SPDX-License-Identifier: GPL-2.0-or-later
# Bash completion for iommuctl: commands and options come from the binary itself, devices from sysfs.

_iommuctl_ctl() { "${COMP_WORDS[0]/#\~/$HOME}" "$@" 2>/dev/null; }

_iommuctl_devices() {
	local dir=${IOMMUCTL_SYSFS_PCI:-/sys/bus/pci/devices} path
	for path in "$dir"/????:*; do [ -e "$path" ] && printf '%s\n' "${path##*/}"; done
	echo sim
	[ ! -e /dev/iommu ] || echo mock
}

_iommuctl_units() {
	local dir=${IOMMUCTL_SYSFS_IOMMU:-/sys/class/iommu} path
	for path in "$dir"/*; do [ -e "$path" ] && printf '%s\n' "${path##*/}"; done
}

# By their locks: no session is asked.
_iommuctl_sessions() {
	local dir=${XDG_RUNTIME_DIR:-/run/user/$UID}/iommuctl path
	[ -d "$dir" ] || dir=/tmp/iommuctl-$UID
	for path in "$dir"/*.lock; do [ -e "$path" ] && path=${path##*/} && printf '%s\n' "${path%.lock}"; done
}

# The first word that is neither an option nor an option's value.
_iommuctl_command() {
	local i word takes
	takes=$(_iommuctl_ctl --list-opts "$(_iommuctl_ctl --list-cmds | head -n 1)" | sed -n 's/=.*//p')
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-*)
			# readline may split --option=value into three words
			if [ "${COMP_WORDS[i + 1]:-}" = = ]; then
				((i += 2))
			elif grep -qxF -e "$word" <<<"$takes"; then
				((i++))
			fi
			;;
		*)
			printf '%s\n' "$word"
			return
			;;
		esac
	done
}

_iommuctl_backends() {
	# "NAME  what it is"; sim's misbehaviours are values of its key "fault", its models and what is broken of them are keys themselves
	case $1 in
	sim,model=*:*) _iommuctl_ctl --backend sim,help | awk -v model="${1%%:*}" '$1 ~ /^broken=/ { print model ":" $1 }' ;;
	sim,*) _iommuctl_ctl --backend sim,help | awk '$1 ~ /^[a-z][a-z0-9-]*$/ { print "sim,fault=" $1 } $1 ~ /^model=/ { print "sim," $1 }' ;;
	*) _iommuctl_ctl --backend help | awk '$1 ~ /^[a-z][a-z0-9-]*$/ { print $1 }' ;;
	esac
}

# Before a command, the options that every command has.
_iommuctl_options() {
	local c
	if [ -n "$1" ]; then
		_iommuctl_ctl --list-opts "$1"
	else
		for c in $(_iommuctl_ctl --list-cmds | head -n 2); do _iommuctl_ctl --list-opts "$c"; done | sort | uniq -d
	fi | sed 's/=.*//'
}

# What may follow an option of a command; fails for what is no option with a value. The binary's table says
# --iova=fixed:ADDR|random: the alternatives, of which words in capitals stand for something (not the M of hugetlb-2M).
_iommuctl_values() { # OPTION CURRENT COMMAND
	local form
	case $1 in
	--backend | --against) _iommuctl_backends "$2"; return ;;
	--device) _iommuctl_devices; return ;;
	--session) _iommuctl_sessions; return ;;
	--case) _iommuctl_ctl -q dirty verify --list | awk 'NR > 1 && $1 !~ /:$/ { print $1 }'; return ;;
	--explain) echo all; _iommuctl_ctl audit --list | awk '$2 ~ /^(info|low|medium|high)$/ { print $1 }'; return ;;
	esac
	form=$(_iommuctl_ctl --list-opts "${3:-compare}" | sed -n "s/^$1=//p")
	[ -n "$form" ] || return 1
	case $form in
	FILE*) compgen -f -- "$2" ;;
	DIR*) compgen -d -- "$2" ;;
	*'|'*) tr '|' '\n' <<<"$form" | sed 's/\(^\|[^A-Za-z0-9-]\)[A-Z].*/\1/' | grep . ;;
	esac
	return 0
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
	if [ "$prev" = -o ]; then prev=--output; fi
	if [[ $prev != --* ]] || ! words=$(_iommuctl_values "$prev" "$cur" "$command"); then
		case $cur in
		-*) words=$(_iommuctl_options "$command") ;;
		*)
			case $command in
			'') words=$(_iommuctl_ctl --list-cmds) ;;
			bind | unbind | list) words=$(_iommuctl_devices) ;;
			caps | audit) words=$(_iommuctl_devices | grep :; _iommuctl_units) ;;
			dma) words='read write copy start stop' ;;
			limits) words='memlock back' ;;
			memory) words='release move fork discard' ;;
			bench)
				words='bitmap compare dirty dma map sim stamp unmap'
				if [[ " ${COMP_WORDS[*]::COMP_CWORD} " =~ \ compare\  ]]; then
					mapfile -t COMPREPLY < <(compgen -f -- "$cur")
					return
				fi
				;;
			recipe)
				words='check dry-run'
				if [[ " ${COMP_WORDS[*]::COMP_CWORD} " =~ \ (check|dry-run)\  ]]; then
					mapfile -t COMPREPLY < <(compgen -f -- "$cur")
					return
				fi
				;;
			repro)
				words='list show run'
				if [[ " ${COMP_WORDS[*]::COMP_CWORD} " =~ \ (show|run)\  ]]; then
					words=$(_iommuctl_ctl repro list | awk '$2 ~ /^(none|leak|crash)$/ { print $1 }')
					mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; compgen -f -X '!*.iommu' -- "$cur")
					return
				fi
				;;
			dirty)
				if [[ " ${COMP_WORDS[*]::COMP_CWORD} " =~ \ (show|diff|plot)\  ]]; then
					mapfile -t COMPREPLY < <(compgen -f -- "$cur")
					return
				fi
				words='start stop read read-clear unmap show diff plot verify'
				;;
			session)
				words='start list stop'
				if [[ " ${COMP_WORDS[*]::COMP_CWORD} " =~ \ stop\  ]]; then words=$(_iommuctl_sessions); fi
				;;
			decode) words=$(_iommuctl_ctl -q decode --list | awk '$2 ~ /^[0-9]+$/ { print $1 "=" }') ;;
			run | capture)
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
