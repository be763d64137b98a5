package expect

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// units are the units of sizes, in bytes.
var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1},
}

// parseSize parses a size like "20MB", "1.5 GiB" or "4096".
func parseSize(text string) (int64, error) {
	for _, unit := range units {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(value >= 0 && value*unit.bytes < math.MaxInt64) {
			break
		}
		return int64(value * unit.bytes), nil
	}
	return 0, fmt.Errorf("%q: expected a size like 20MB or 1.5GiB", text)
}

// sizes adds the checks of sizes and numbers.
func (c *Checks) sizes(a Assertions) error {
	var all []error
	limit := func(name, text string, check func(r *asserted, result *Result, limit int64)) {
		if text == "" {
			return
		}
		most, err := parseSize(text)
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", name, err))
		}
		c.add(name+" "+text, func(r *asserted, result *Result) { check(r, result, most) })
	}
	limit("max_size", a.MaxSize, func(r *asserted, result *Result, limit int64) {
		var sum int64
		for _, layer := range r.image.Layers {
			sum += layer.Size
		}
		if sum > limit {
			result.add("the layers have %d bytes", sum)
		}
	})
	limit("max_layer_size", a.MaxLayerSize, func(r *asserted, result *Result, limit int64) {
		for n, layer := range r.image.Layers {
			if layer.Size > limit {
				result.add("layer %d has %d bytes", n+1, layer.Size)
			}
		}
	})
	limit("max_wasted", a.MaxWasted, func(r *asserted, result *Result, limit int64) {
		wasted := r.image.Files.Wasted()
		var sum int64
		for _, bytes := range wasted {
			sum += bytes
		}
		if sum <= limit {
			return
		}
		result.add("no path shows %d bytes of the contents", sum)
		for n, bytes := range wasted {
			if bytes > 0 {
				result.add("layer %d has %d of them", n+1, bytes)
			}
		}
	})
	if a.MaxLayers < 0 {
		all = append(all, fmt.Errorf("max_layers: %d is negative", a.MaxLayers))
	}
	if a.MaxLayers > 0 {
		c.add(fmt.Sprintf("max_layers %d", a.MaxLayers), func(r *asserted, result *Result) {
			if n := len(r.image.Layers); n > a.MaxLayers {
				result.add("the image has %d layers", n)
			}
		})
	}
	return errors.Join(all...)
}
