package img

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// defaultRegistry returns the registry that the flag of rules_img has in .bazelrc, or a Make variable.
func defaultRegistry(w *model.Workspace) string {
	const flag = "--@rules_img//img/settings:destination_registry="
	for _, name := range []string{".bazelrc", ".bazelrc.common"} {
		info, err := os.Lstat(filepath.Join(w.Root, name))
		if err != nil || !info.Mode().IsRegular() || info.Size() > model.MaxFile {
			continue
		}
		data, err := os.ReadFile(filepath.Join(w.Root, name))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(strings.NewReader(string(data))); lines.Scan(); {
			if command, value, ok := strings.Cut(lines.Text(), flag); ok && !strings.Contains(command, "#") {
				return strings.Trim(strings.TrimSpace(value), `"'`)
			}
		}
	}
	return registryVariable
}

// registryVariable stands for the registry if .bazelrc does not set rules_img's flag.
const registryVariable = "$(IMAGE_REGISTRY)"
