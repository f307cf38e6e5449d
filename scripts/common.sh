# Sourced by the scripts beside it: what they have in common.
# shellcheck shell=bash

if [ -t 1 ]; then
    bold=$'\e[1m' quiet=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' quiet='' red='' green='' plain=''
fi
# shellcheck disable=SC2034 # used by those who source this
readonly bold quiet red green plain

say() {
    printf '%s%s%s\n' "$bold" "$*" "$plain"
}

fail() {
    printf '%s%s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

# As root, directly; as an ordinary user, with sudo. Only for apt.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "This needs root: $* (there is no sudo here)"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The newest php-fpm of this machine, whatever its version.
find_php_fpm() {
    local path
    path=$(compgen -G '/usr/sbin/php-fpm*' | sort -V | tail -n 1) || return 1
    printf '%s\n' "$path"
}

# install_missing PACKAGE...: says what is missing, and installs it from Debian. "php-fpm" is any php*-fpm.
install_missing() {
    local package missing=()

    command -v apt-get >/dev/null || fail "This script installs with apt-get, as Debian has it; here is none."
    for package in "$@"; do
        if [ "$package" = php-fpm ]; then
            find_php_fpm >/dev/null || missing+=("$package")
        else
            is_installed "$package" || missing+=("$package")
        fi
    done
    if [ ${#missing[@]} = 0 ]; then
        say "Everything needed is installed."
        return
    fi
    say "To be installed from Debian: ${missing[*]}"
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
}

# Stops with a clear word where another user has built before.
check_build_folder() {
    local found
    mkdir -p build 2>/dev/null || fail "Cannot write here: $PWD"
    found=$(find build -maxdepth 2 ! -writable -print -quit)
    [ -z "$found" ] || fail "$PWD/$found belongs to another user, who has built here before: remove $PWD/build first."
}

# build PRESET: configures and builds with as many jobs as there are processors.
build() {
    cmake --preset "$1" >"build/$1.configure.log" 2>&1 || {
        cat "build/$1.configure.log"
        return 1
    }
    cmake --build --preset "$1" -j "$(nproc)"
}
