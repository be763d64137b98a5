package progress

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Terminal returns the width in columns of the terminal w, or 0 if w is not a terminal that can move its cursor.
func Terminal(w io.Writer) int { return terminalWidth(w) }

// interval is the time between two redraws.
const interval = 100 * time.Millisecond

// Display draws bars on a terminal, one for each blob that is being read, below the lines that are written to it. A
// Display without a width passes lines on and does not draw.
type Display struct {
	out   io.Writer
	meter *Meter
	width int

	mu    sync.Mutex
	drawn int // the number of bars on the screen
	rates map[string]rate
	stop  chan struct{}
	done  sync.WaitGroup
}

// rate is the speed at which a blob is read.
type rate struct {
	position, speed int64
	at              time.Time
}

// NewDisplay returns a display of the meter's readings on out, a terminal with the given width, or any other writer if
// the width is 0. It draws until it is closed.
func NewDisplay(out io.Writer, width int, meter *Meter) *Display {
	d := &Display{out: out, meter: meter, width: width, rates: make(map[string]rate), stop: make(chan struct{})}
	if width > 0 {
		d.done.Go(d.run)
	}
	return d
}

func (d *Display) run() {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			d.mu.Lock()
			d.draw(nil, now)
			d.mu.Unlock()
		case <-d.stop:
			return
		}
	}
}

// Write writes whole lines above the bars.
func (d *Display) Write(lines []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.width == 0 {
		return d.out.Write(lines)
	}
	return len(lines), d.draw(lines, time.Now())
}

// Close erases the bars. The display must not be used afterwards.
func (d *Display) Close() {
	if d.width == 0 {
		return
	}
	close(d.stop)
	d.done.Wait()
	d.erase()
}

// erase erases the bars. A terminal that has gone away is not an error.
func (d *Display) erase() {
	var b bytes.Buffer
	d.clear(&b)
	d.drawn = 0
	d.out.Write(b.Bytes())
}

func (d *Display) clear(b *bytes.Buffer) {
	if d.drawn > 0 {
		fmt.Fprintf(b, "\x1b[%dA\r\x1b[J", d.drawn) // up, and erase to the end of the screen
	}
}

// draw replaces the bars on the screen with the lines and new bars. The caller holds the lock.
func (d *Display) draw(lines []byte, now time.Time) error {
	var b bytes.Buffer
	d.clear(&b)
	b.Write(lines)
	d.drawn = 0
	for _, r := range d.meter.Readings() {
		b.WriteString(bar(r, d.speed(r, now), d.width))
		b.WriteByte('\n')
		d.drawn++
	}
	if b.Len() == 0 {
		return nil
	}
	_, err := d.out.Write(b.Bytes())
	return err
}

// speed returns the speed at which a blob is read in bytes per second, measured over a second or more.
func (d *Display) speed(r Reading, now time.Time) int64 {
	key := r.Blob.Digest.String()
	last, known := d.rates[key]
	if !known || r.Position < last.position {
		d.rates[key] = rate{position: r.Position, at: now}
		return 0
	}
	if passed := now.Sub(last.at); passed >= time.Second {
		speed := int64(float64(r.Position-last.position) / passed.Seconds())
		d.rates[key] = rate{r.Position, speed, now}
		return speed
	}
	return last.speed
}

// bar returns one line of at most width-1 columns: the blob, a bar, the percentage, the total size and the speed.
func bar(r Reading, speed int64, width int) string {
	part := 1.0
	if r.Blob.Size > 0 {
		part = min(float64(r.Position)/float64(r.Blob.Size), 1)
	}
	left := fmt.Sprintf("%.12s [", r.Blob.Digest.Encoded())
	right := fmt.Sprintf("] %3d%% of %s", int(part*100), amount(r.Blob.Size))
	if speed > 0 {
		right += ", " + amount(speed) + "/s"
	}
	room := min(width-1-len(left)-len(right), 50)
	if room < 5 {
		text := strings.TrimLeft(right, "] ")
		return text[:min(len(text), max(width-1, 0))]
	}
	filled := int(part * float64(room))
	return left + strings.Repeat("=", filled) + strings.Repeat(" ", room-filled) + right
}

// amount formats a number of bytes with a unit.
func amount(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), -1
	for value >= 1000 && unit < 4 {
		value /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGTP"[unit])
}
