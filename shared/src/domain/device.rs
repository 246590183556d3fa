//! What somebody signs in from, as far as a notice and a list of sessions need to tell it: two
//! closed words. The text that a browser sends of itself is never kept: it is long and rare enough
//! to recognise one person by.

use crate::words;

words! {
    /// A browser, by its family.
    pub enum Browser {
        /// Chrome, and what says that it is.
        Chrome = "chrome",
        /// Edge.
        Edge = "edge",
        /// Firefox.
        Firefox = "firefox",
        /// Opera.
        Opera = "opera",
        /// Anything else, and what says nothing.
        Other = "other",
        /// Safari, and every browser of iOS that does not say its name.
        Safari = "safari",
        /// Samsung Internet.
        Samsung = "samsung_internet",
    }
}

words! {
    /// An operating system, by its family.
    pub enum System {
        /// Android.
        Android = "android",
        /// ChromeOS.
        ChromeOs = "chrome_os",
        /// iOS and iPadOS.
        Ios = "ios",
        /// Linux.
        Linux = "linux",
        /// macOS.
        MacOs = "macos",
        /// Anything else, and what says nothing.
        Other = "other",
        /// Windows.
        Windows = "windows",
    }
}

/// What somebody signs in from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The browser.
    pub browser: Browser,
    /// The system it runs on.
    pub system: System,
}

/// What a `User-Agent` says, most telling word first: nearly every browser also says that it is
/// Safari, and most that they are Chrome.
const BROWSERS: [(&str, Browser); 12] = [
    ("Edg/", Browser::Edge),
    ("EdgA/", Browser::Edge),
    ("EdgiOS/", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("OPT/", Browser::Opera),
    ("SamsungBrowser/", Browser::Samsung),
    ("Firefox/", Browser::Firefox),
    ("FxiOS/", Browser::Firefox),
    ("CriOS/", Browser::Chrome),
    ("Chromium/", Browser::Chrome),
    ("Chrome/", Browser::Chrome),
    ("Safari/", Browser::Safari),
];

/// Android says that it is Linux, iOS that it is like macOS.
const SYSTEMS: [(&str, System); 10] = [
    ("Android", System::Android),
    ("okhttp/", System::Android),
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("CFNetwork/", System::Ios),
    ("CrOS", System::ChromeOs),
    ("Windows", System::Windows),
    ("Macintosh", System::MacOs),
    ("Linux", System::Linux),
    ("X11", System::Linux),
];

impl Device {
    /// A device that told nothing of itself.
    pub const UNKNOWN: Self = Self {
        browser: Browser::Other,
        system: System::Other,
    };

    /// Reads the header `User-Agent`.
    pub fn from_user_agent(text: &str) -> Self {
        let browser = BROWSERS.iter().find(|(word, _)| text.contains(word));
        let system = SYSTEMS.iter().find(|(word, _)| text.contains(word));
        Self {
            browser: browser.map_or(Browser::Other, |(_, browser)| *browser),
            system: system.map_or(System::Other, |(_, system)| *system),
        }
    }

    /// The major version of the browser, as its family says it; none for what says none.
    ///
    /// Three digits at most: a number that nobody else has would recognise somebody.
    pub fn major_version(text: &str) -> Option<u64> {
        let (word, family) = BROWSERS.iter().find(|(word, _)| text.contains(word))?;
        // Safari says its own version beside its name.
        let word = match family {
            Browser::Safari => "Version/",
            _ => word,
        };
        let (_, after) = text.split_once(word)?;
        let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().filter(|major| *major < 1000)
    }

    /// The device in words, for people.
    pub const fn spoken(self) -> (&'static str, &'static str) {
        let browser = match self.browser {
            Browser::Chrome => "Chrome",
            Browser::Edge => "Edge",
            Browser::Firefox => "Firefox",
            Browser::Opera => "Opera",
            Browser::Other => "an app or another browser",
            Browser::Safari => "Safari",
            Browser::Samsung => "Samsung Internet",
        };
        let system = match self.system {
            System::Android => "Android",
            System::ChromeOs => "ChromeOS",
            System::Ios => "iOS",
            System::Linux => "Linux",
            System::MacOs => "macOS",
            System::Other => "another system",
            System::Windows => "Windows",
        };
        (browser, system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_version_the_first_number_is_told_and_nothing_rare() {
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
        for (text, major) in [
            (safari, Some(18)),
            ("Chrome/140.0.7339.1234 Safari/537.36", Some(140)),
            ("Chrome/140 Safari/537.36 Edg/141.0.1", Some(141)),
            ("Firefox/999.1", Some(999)),
            ("Firefox/1000", None),
            ("Firefox/99999999999999999999999", None),
            ("Firefox/ada", None),
            ("curl/8.5.0", None),
            ("", None),
        ] {
            assert_eq!(Device::major_version(text), major, "{text}");
        }
    }

    #[test]
    fn browsers_are_told_by_what_they_say_of_themselves() {
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        let cases = [
            (format!("{mac} Version/18.1 Safari/605.1.15"), Browser::Safari, System::MacOs),
            (windows.to_owned(), Browser::Chrome, System::Windows),
            (format!("{windows} Edg/140.0.0.0"), Browser::Edge, System::Windows),
            (format!("{windows} OPR/120.0.0.0"), Browser::Opera, System::Windows),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
                Browser::Firefox,
                System::Linux,
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36".to_owned(),
                Browser::Samsung,
                System::Android,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1".to_owned(),
                Browser::Chrome,
                System::Ios,
            ),
            ("okhttp/4.12.0".to_owned(), Browser::Other, System::Android),
            ("Shop/3 CFNetwork/1568.100.1 Darwin/24.0.0".to_owned(), Browser::Other, System::Ios),
            ("curl/8.5.0".to_owned(), Browser::Other, System::Other),
            (String::new(), Browser::Other, System::Other),
        ];
        for (text, browser, system) in cases {
            assert_eq!(
                Device::from_user_agent(&text),
                Device { browser, system },
                "{text}"
            );
        }
    }
}
