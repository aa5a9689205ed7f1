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
