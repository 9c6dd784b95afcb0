//! Lines and bars by plotters, in one style.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

const SIZE: (u32, u32) = (800, 420);
const FONT: &str = "sans-serif";
/// Told apart by people who do not see all colours, too (Okabe and Ito).
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// Points of an x and a y.
type Points = Vec<(f64, f64)>;

/// Lines over numbers.
pub(super) struct Lines<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    /// Both axes.
    pub(super) logarithmic: bool,
    pub(super) series: Vec<(&'a str, Points)>,
}

/// Bars beside each other over names.
pub(super) struct Bars<'a> {
    pub(super) title: &'a str,
    pub(super) y: &'a str,
    pub(super) labels: Vec<String>,
    /// One number a label.
    pub(super) series: Vec<(String, Vec<Option<f64>>)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws onto a white ground: the pages that show it may be dark.
fn draw(work: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        work(&area)?;
        area.present().map_err(failed)?;
    }
    // The backend ends some lines with spaces.
    Ok(svg.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n")
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing a plot: {error}")
}

/// A little more than the largest; 1 where there is nothing.
fn top(numbers: impl Iterator<Item = f64>) -> f64 {
    let largest = numbers.fold(0.0, f64::max);
    if largest > 0.0 { largest * 1.05 } else { 1.0 }
}

/// Above the lines and bars there is room for the legend.
const LEGEND: f64 = 1.3;

/// From a little below the smallest to a little above the largest.
fn decades(numbers: impl Iterator<Item = f64> + Clone) -> std::ops::Range<f64> {
    let smallest = numbers.clone().filter(|number| *number > 0.0).fold(f64::INFINITY, f64::min);
    let largest = numbers.fold(0.0, f64::max);
    if smallest > largest { 1.0..10.0 } else { smallest / 1.5..largest * 1.5 }
}

/// The SVG of lines.
pub(super) fn lines(plot: &Lines<'_>) -> Result<String> {
    let points = plot.series.iter().flat_map(|(_, points)| points.iter().copied());
    let (xs, ys) = (points.clone().map(|(x, _)| x), points.map(|(_, y)| y));
    draw(|area| {
        let mut chart = ChartBuilder::on(area);
        chart.caption(plot.title, (FONT, 20)).margin(12).x_label_area_size(42).y_label_area_size(64);
        if plot.logarithmic {
            let chart =
                chart.build_cartesian_2d(decades(xs).log_scale(), decades(ys).log_scale()).map_err(failed)?;
            fill(chart, plot)
        } else {
            let chart = chart.build_cartesian_2d(0.0..top(xs), 0.0..top(ys) * LEGEND).map_err(failed)?;
            fill(chart, plot)
        }
    })
}

fn fill<'a, X, Y>(
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
    plot: &Lines<'_>,
) -> Result<()>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let whole = |number: &f64| format!("{number:.0}");
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(plot.x)
        .y_desc(plot.y)
        .light_line_style(WHITE)
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14));
    mesh.x_label_formatter(&whole).y_label_formatter(&whole).draw().map_err(failed)?;
    for ((name, points), colour) in plot.series.iter().zip(COLOURS.into_iter().cycle()) {
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3);
        chart.draw_series(line).map_err(failed)?.label(*name).legend(move |at| mark(at, colour));
    }
    legend(&mut chart)
}

/// The SVG of bars.
pub(super) fn bars(plot: &Bars<'_>) -> Result<String> {
    let count = plot.labels.len().max(1) as f64;
    let room = if plot.series.len() > 1 { LEGEND } else { 1.0 };
    let highest = top(plot.series.iter().flat_map(|(_, numbers)| numbers.iter().flatten().copied())) * room;
    draw(|area| {
        let mut builder = ChartBuilder::on(area);
        builder.caption(plot.title, (FONT, 20)).margin(12).x_label_area_size(42).y_label_area_size(64);
        let mut chart = builder.build_cartesian_2d(0.0..count, 0.0..highest).map_err(failed)?;
        let y = |number: &f64| format!("{number:.1}");
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().disable_x_axis().y_desc(plot.y).light_line_style(WHITE);
        mesh.label_style((FONT, 13))
            .axis_desc_style((FONT, 14))
            .y_label_formatter(&y)
            .draw()
            .map_err(failed)?;
        let width = 0.8 / plot.series.len().max(1) as f64;
        for (number, ((name, heights), colour)) in
            plot.series.iter().zip(COLOURS.into_iter().cycle()).enumerate()
        {
            let left = |label: usize| label as f64 + 0.1 + number as f64 * width;
            let tall =
                heights.iter().enumerate().filter_map(|(label, height)| Some((left(label), (*height)?)));
            let bars = tall
                .map(|(left, height)| Rectangle::new([(left, 0.0), (left + width, height)], colour.filled()));
            chart.draw_series(bars).map_err(failed)?.label(name.as_str()).legend(move |at| mark(at, colour));
        }
        name_bars(area, plot)?;
        if plot.series.len() > 1 { legend(&mut chart) } else { Ok(()) }
    })
}

/// Below the bars, each name in the middle of its own, broken where it is too wide.
fn name_bars(area: &Area<'_>, plot: &Bars<'_>) -> Result<()> {
    const LEFT: f64 = 12.0 + 64.0;
    const LETTER: f64 = 7.0;
    let (width, bottom) = (f64::from(SIZE.0) - LEFT - 12.0, SIZE.1 as i32 - 50);
    let each = width / plot.labels.len().max(1) as f64;
    let style = TextStyle::from((FONT, 12).into_font());
    for (number, label) in plot.labels.iter().enumerate() {
        for (row, text) in broken(label, (each / LETTER) as usize).iter().enumerate() {
            let wide = text.chars().count() as f64 * LETTER * 0.85;
            let x = LEFT + (number as f64 + 0.5) * each - wide / 2.0;
            area.draw_text(text, &style, (x as i32, bottom + 14 * row as i32)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Words in rows of so many letters, if they are not longer themselves.
fn broken(label: &str, letters: usize) -> Vec<String> {
    let mut rows = Vec::<String>::new();
    for word in label.split(' ') {
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + word.chars().count() <= letters => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

fn mark((x, y): (i32, i32), colour: RGBColor) -> Rectangle<(i32, i32)> {
    Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled())
}

fn legend<'a, X: Ranged, Y: Ranged>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
) -> Result<()> {
    let mut labels = chart.configure_series_labels();
    labels.position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.85)).label_font((FONT, 13));
    labels.border_style(RGBColor(200, 200, 200)).draw().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_all_points_and_more_than_nothing() {
        assert_eq!(top([].into_iter()), 1.0);
        assert!(top([1.0, 50.0].into_iter()) > 50.0);
        assert_eq!(decades([].into_iter()), 1.0..10.0);
        let range = decades([0.0, 10.0, 1000.0].into_iter());
        assert!(range.start > 0.0 && range.contains(&10.0) && range.contains(&1000.0));
    }

    #[test]
    fn names_are_broken_between_words() {
        assert_eq!(broken("tcpdump in each namespace", 12), ["tcpdump in", "each", "namespace"]);
        assert_eq!(broken("mtutrace", 3), ["mtutrace"]);
    }

    #[test]
    fn every_point_is_drawn() {
        let series = vec![("a line", vec![(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)])];
        let plot = Lines { title: "t & t", x: "x", y: "y", logarithmic: false, series };
        let svg = lines(&plot).unwrap();
        assert_eq!(svg.matches("<circle").count(), 3, "{svg}");
        assert!(svg.contains("t &amp; t") && svg.contains("a line"));
    }
}
