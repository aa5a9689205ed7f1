#!/usr/bin/env bash
# A corpus of real text from nothing but Debian's packages: LibreOffice's help and the strings of its windows, in English
# and any language of libreoffice-help-* and libreoffice-l10n-*. Nothing is installed, and nothing of it is part of this
# project.
#   scripts/handbook.sh [--from en] [LANGUAGE [FOLDER]]
#     LANGUAGE   as the packages are called: zh-cn (the default), de, fr, ja, pt-br
#     FOLDER     where train, dev and test are written, and the packages unpacked    default: build/handbook-LANGUAGE
#     --from en  what is said at the end is of the way from English, not into it
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
from=
if [ "${1:-}" = --from ]; then
    from=${2:-}
    [ "$from" = en ] || { echo "handbook.sh: --from knows en alone" >&2; exit 2; }
    shift 2
fi
language=${1:-zh-cn}
folder=${2:-$here/build/handbook-$language}
packages="libreoffice-help-en-us libreoffice-help-$language libreoffice-l10n-$language"

root=$folder/packages
if [ ! -d "$root/usr" ]; then
    if ! command -v apt-get > /dev/null || ! command -v dpkg > /dev/null; then
        cat >&2 << TEXT
handbook.sh: there is no apt-get here. What is needed are these packages of Debian (https://packages.debian.org):
    $packages
Unpack them into one folder, so that there is $root/usr/share/libreoffice/help/en-US, and give this command again.
TEXT
        exit 1
    fi
    mkdir -p "$folder"
    new=$(mktemp -d "$folder/new.XXXXXX")
    trap 'rm -rf "$new"; rmdir "$folder" 2> /dev/null || :' EXIT  # the folder, too, where nothing came
    # shellcheck disable=SC2086
    (cd "$new" && apt-get download -q -o APT::Sandbox::User=root $packages) || {
        echo "handbook.sh: no such packages here, or no network: perhaps the lists are old (apt-get update), or" \
            "there is no language $language (apt-cache search libreoffice-help-)" >&2
        exit 1
    }
    for package in "$new"/*.deb; do dpkg -x "$package" "$new/root"; done
    mv "$new/root" "$root"
fi
python3 -B "$here/scripts/handbook.py" "$root" "$language" "$folder"

source=$language target=en
[ -z "$from" ] || source=en target=$language
cat << TEXT
The text is LibreOffice's, (c) its contributors, under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0);
$root/usr/share/doc has the terms. To train on it:
    build/dragoman train --train-sets $folder/train.$source $folder/train.$target --valid-sets $folder/dev.$source $folder/dev.$target --model MODEL
TEXT
