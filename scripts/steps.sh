# Shared by the scripts: every step prints the command it runs, so that the reader learns it.

step() {
    printf '\n$'
    printf ' %q' "$@"
    printf '\n'
    "$@"
}

# Debian packages that are not there yet; with sudo where this is not root.
install_packages() {
    local missing=() package as_root=()
    if ! command -v apt-get >/dev/null; then
        echo "There is no apt-get here, so nothing was installed. Dragoman needs what these Debian packages hold:"
        echo "    $*"
        echo "If they are there under other names, all is well."
        return 0
    fi
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    step "${as_root[@]}" apt-get update -q
    step "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# fetch_from_pypi FILE NAME==VERSION SHA256: a package as it was published, unless the file is there already; nothing of it is
# installed. What has another hash is refused, wherever it comes from.
fetch_from_pypi() {
    local file=$1 package=$2 hash=$3 folder
    folder=$(dirname "$file")
    if [ ! -f "$file" ]; then
        install_packages python3-venv
        python3 -m venv "$folder/venv"
        "$folder/venv/bin/pip" install --quiet setuptools wheel  # an archive of sources is asked for its name
        step "$folder/venv/bin/pip" download --quiet --no-deps --no-build-isolation --dest "$folder" "$package"
        rm -r "$folder/venv"
    fi
    if [ "$(sha256sum < "$file")" != "$hash  -" ]; then
        echo "$file is not the file of $package that this script was made for (SHA-256 $hash): remove it, and give the command again" >&2
        return 1
    fi
}
