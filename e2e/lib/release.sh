# shellcheck shell=bash
# A release of the checkout. Workspaces in e2e depend on it, as those of users do: they need no Go, and its tools were compiled
# once.
#
# The caller sets TOP and E2E, the checkout.

# release_make DIR: the module and the tests in DIR/rules, the release in DIR/release, with the tools for this machine, and the
# commit that it was made from in DIR/commit.
release_make() {
  local platform
  platform=$(go env GOHOSTOS)_$(go env GOHOSTARCH)
  # The release builder reads what is committed.
  checkout "$TOP" "$1/commit"
  git -C "$1/commit" add --all
  git -C "$1/commit" -c user.name=e2e -c user.email=e2e@localhost commit --quiet --allow-empty --message=e2e
  (cd "$1/commit" && go run ./dev/release --output="$1/release" --platforms="$platform")
  mkdir "$1/rules"
  tar --extract --file "$1"/release/rules_strata-v*.tar.gz --directory "$1/rules" --strip-components=1
  jq --arg url "file://$1/release/{kind}-tools-{platform}.tar.xz" '.urls = [$url]' "$1/release/tools.lock.json" \
    >"$1/rules/tools.lock.json"
  cp -R "$1/commit/e2e" "$1/rules"
  cp -R "$1/commit/rules/tests" "$1/rules/rules" # a repository rule in it reads lock files
}
