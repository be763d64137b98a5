package image

import (
	"fmt"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Squash returns the config of the image with the config data after all of its layers except the first kept ones were
// merged into one. Everything else stays, except for the entries of the history that follow those of the kept layers.
// platform, which may be nil, fills gaps of the config.
func Squash(data []byte, platform *oci.Platform, kept int, layer Layer) (Document, error) {
	c, err := parseConfig(data)
	if err != nil {
		return Document{}, fmt.Errorf("config: %w", err)
	}
	if kept < 0 || kept > len(c.diffIDs) {
		return Document{}, fmt.Errorf("config: %d layers, and %d are to be kept", len(c.diffIDs), kept)
	}
	if platform != nil {
		c.platform = oci.CompletePlatform(c.platform, *platform)
	}
	if err := c.keepCreated(data); err != nil {
		return Document{}, err
	}
	if err := c.truncate(kept); err != nil {
		return Document{}, err
	}
	if err := c.addLayer(layer); err != nil {
		return Document{}, err
	}
	document, err := c.document()
	if err != nil {
		return Document{}, err
	}
	return newDocument(document, oci.MediaTypeConfig, &c.platform)
}

// keepCreated takes the time of creation over, which is not inherited from a base.
func (c *config) keepCreated(data []byte) error {
	var stated struct {
		Created *time.Time `json:"created"`
	}
	if err := oci.Unmarshal(data, &stated); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	c.created = epoch
	if stated.Created != nil {
		c.created = *stated.Created
	}
	return nil
}

// truncate removes all layers after the first kept ones, and their history.
func (c *config) truncate(kept int) error {
	c.diffIDs = c.diffIDs[:kept]
	layers := 0
	for i, raw := range c.history {
		var entry oci.History
		if err := decodeValue(raw, &entry); err != nil {
			return fmt.Errorf("history: entry %d: %w", i+1, err)
		}
		if !entry.EmptyLayer {
			layers++
		}
		if layers > kept || kept == 0 {
			c.history = c.history[:i]
			break
		}
	}
	return nil
}
