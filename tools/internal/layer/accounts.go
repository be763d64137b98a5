package layer

import (
	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// readAccounts returns the names in the files of users and groups among the entries, by path. Files that are not such files,
// whatever their path, are left out.
func readAccounts(entries []*tree.Entry) (map[string]accounts.Names, error) {
	var all map[string]accounts.Names
	for _, e := range entries {
		if e.Kind != tree.File || e.Path != accounts.PasswdPath && e.Path != accounts.GroupPath {
			continue
		}
		names := make(accounts.Names)
		if e.Content != nil {
			r, _, err := e.Content.Open()
			if err != nil {
				return nil, err
			}
			names, err = accounts.ReadNames(r)
			r.Close() // it was only read from
			if err != nil {
				continue
			}
		}
		if all == nil {
			all = make(map[string]accounts.Names)
		}
		all[e.Path] = names
	}
	return all, nil
}
